/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hole at the end of the input extends the output to the same length, but never shortens it if others have
 * extended it meanwhile. If it cannot become that long, the result does not count what is missing. */
#include <sys/mman.h>
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MIB (1 << 20)
#define LEN (4 * MIB)

static int in, out;

static int extends(void *context, const struct zs_result *so_far)
{
	/* Another thread extends it before the length is set. */
	if (so_far->bytes == LEN)
		t_put_pattern(out, *(int64_t *)context, 100, 1);
	return 0;
}

static int cancels(void *context, const struct zs_result *so_far)
{
	(void)context;
	return so_far->holes > 0;
}

/* A hole that goes beyond the largest offset is not left: the kernel refuses it, where it would a write. */
static void beyond_the_largest_offset(void)
{
	int from = memfd_create("from", MFD_CLOEXEC), to = memfd_create("to", MFD_CLOEXEC);
	struct zs_result result;
	int64_t off = INT64_MAX - 1000;

	MUST(from >= 0 && to >= 0 && ftruncate(from, MIB) == 0);
	T_EQ(zs_copy(from, NULL, to, &off, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, EFBIG);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.holes, 0);
	T_EQ(off, INT64_MAX - 1000 + (int64_t)result.bytes);
	T_EQ(t_position(from), (int64_t)result.bytes);
	MUST(close(from) == 0 && close(to) == 0);
}

int main(void)
{
	struct rlimit limit;
	struct zs_result result;
	int64_t behind = LEN + 500, within = LEN - 500, off;

	in = t_file(0);
	t_put_pattern(in, 0, MIB, 0);
	MUST(ftruncate(in, LEN) == 0);
	out = t_file(0);
	if (T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), LEN))
		T_EQ(t_size(out), LEN);
	if (T_EQ(result.holes, 3 * MIB) && T_EQ(result.bytes, LEN))
		T_EQ(t_position(out), LEN);
	OK(t_same_bytes(in, out) && t_stored(out) <= MIB + 65536);

	/* A len that ends in the hole. */
	MUST(ftruncate(out, 0) == 0);
	T_EQ(zs_copy(in, &(int64_t){ 0 }, out, &(int64_t){ 0 }, 2 * MIB + 1, NULL, &result), 2 * MIB + 1);
	T_EQ(t_size(out), 2 * MIB + 1);
	T_EQ(result.holes, MIB + 1);

	/* Extended beyond it, and short of it. */
	MUST(ftruncate(out, 0) == 0);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, &(int64_t){ 0 }, ZS_TO_END, &result, .progress = extends, .context
	     = &behind), LEN);
	if (T_EQ(t_size(out), LEN + 600))
		OK(t_has_pattern(out, behind, 100, 1));
	MUST(ftruncate(out, 0) == 0);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, &(int64_t){ 0 }, ZS_TO_END, &result, .progress = extends, .context
	     = &within), LEN);
	if (T_EQ(t_size(out), LEN))
		OK(t_has_pattern(out, within, 100, 1));

	/* The copy ends early, in a hole: what is counted is there. */
	MUST(ftruncate(out, 0) == 0);
	off = 0;
	T_EQ(T_COPY(in, &(int64_t){ MIB }, out, &off, ZS_TO_END, &result, .progress = cancels), -1);
	if (T_EQ(errno, ECANCELED) && T_EQ(off, (int64_t)result.bytes))
		T_EQ(t_size(out), (int64_t)result.bytes);

	beyond_the_largest_offset();

	/* RLIMIT_FSIZE does not allow that length. */
	MUST(getrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit.rlim_cur = 2 * MIB;
	MUST(ftruncate(out, 0) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	off = 0;
	MUST(lseek(in, 0, SEEK_SET) == 0);
	T_EQ(zs_copy(in, NULL, out, &off, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, EFBIG);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.error, EFBIG);
	T_EQ(result.in_flight, 0);
	if (T_EQ(result.bytes, (uint64_t)t_size(out)))
		T_EQ(off, t_size(out));
	if (T_EQ(result.bytes, MIB + result.holes))
		T_EQ(t_position(in), off);
	return t_done();
}
