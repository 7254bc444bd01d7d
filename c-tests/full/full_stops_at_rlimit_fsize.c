/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RLIMIT_FSIZE is reached in the middle of a transfer: EFBIG, and the bytes before are counted exactly. The
 * signal that comes with it, SIGXFSZ, is ignored. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LIMIT 6000
#define LEN 16384

static int out;

/* A file that must not grow beyond LIMIT; `cut_off` is its size in the end. */
static void limit(void)
{
	struct rlimit fsize = { LIMIT, LIMIT };

	out = t_file(0);
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	MUST(setrlimit(RLIMIT_FSIZE, &fsize) == 0);
}

static void cut_off(struct zs_result result, uint32_t via, uint64_t in_flight)
{
	static char bytes[LEN];

	OK(T_IS(result, .bytes = LIMIT, .in_flight = in_flight, .via = via, .side = ZS_SIDE_OUT,
		.error = EFBIG));
	if (T_EQ(pread(out, bytes, LEN, 0), LIMIT))
		OK(t_is_pattern(bytes, LIMIT, 0));
}

static void splice_full(void *in)
{
	struct zs_result result = t_unwritten();
	int fds[2];

	(void)in;
	MUST(pipe(fds) == 0);
	T_EQ(zs_splice_full(t_file(LEN), NULL, fds[1], NULL, LEN, 0, NULL), LEN);
	limit();
	T_EQ(zs_splice_full(fds[0], NULL, out, NULL, LEN, 0, &result), -1);
	T_EQ(errno, EFBIG);
	cut_off(result, ZS_VIA_SPLICE, 0);
	if (T_EQ(t_bytes_available(fds[0]), LEN - LIMIT))
		T_EQ(lseek(out, 0, SEEK_CUR), LIMIT);
}

static void splice_full_at_an_offset(void *in)
{
	struct zs_result result = t_unwritten();
	int64_t off = 0;
	int fds[2];

	(void)in;
	MUST(pipe(fds) == 0);
	T_EQ(zs_splice_full(t_file(LEN), NULL, fds[1], NULL, LEN, 0, NULL), LEN);
	limit();
	T_EQ(zs_splice_full(fds[0], NULL, out, &off, LEN, 0, &result), -1);
	T_EQ(errno, EFBIG);
	cut_off(result, ZS_VIA_SPLICE, 0);
	if (T_EQ(off, LIMIT))
		T_EQ(lseek(out, 0, SEEK_CUR), 0);
}

static void sendfile_full(void *in)
{
	struct zs_result result = t_unwritten();
	int file = t_file(LEN);
	int64_t *off = in;

	limit();
	T_EQ(zs_sendfile_full(out, file, off, LEN, 0, &result), -1);
	T_EQ(errno, EFBIG);
	cut_off(result, ZS_VIA_SENDFILE, 0);
	if (T_EQ(off ? *off : lseek(file, 0, SEEK_CUR), LIMIT))
		T_EQ(lseek(out, 0, SEEK_CUR), LIMIT);
}

static void copy_range_full(void *in)
{
	struct zs_result result = t_unwritten();
	int file = t_file(LEN);
	int64_t *off = in, to = 0;

	limit();
	T_EQ(zs_copy_range_full(file, off, out, off ? &to : NULL, LEN, 0, &result), -1);
	T_EQ(errno, EFBIG);
	cut_off(result, ZS_VIA_COPY_RANGE, 0);
	T_EQ(off ? *off : lseek(file, 0, SEEK_CUR), LIMIT);
	T_EQ(off ? to : lseek(out, 0, SEEK_CUR), LIMIT);
}

/* What was duplicated and not passed on is in flight: all of it is in the copy. */
static void tee_full(void *in)
{
	struct zs_result result = t_unwritten();
	int fds[2], copy[2];

	(void)in;
	MUST(pipe(fds) == 0 && pipe(copy) == 0);
	T_EQ(zs_splice_full(t_file(LEN), NULL, fds[1], NULL, LEN, 0, NULL), LEN);
	limit();
	T_EQ(zs_tee_full(fds[0], copy[1], out, LEN, 0, &result), -1);
	T_EQ(errno, EFBIG);
	cut_off(result, ZS_VIA_SPLICE | ZS_VIA_TEE, LEN - LIMIT);
	if (T_EQ(t_bytes_available(fds[0]), LEN - LIMIT))
		T_EQ(t_bytes_available(copy[0]), LEN);
}

int main(void)
{
	int64_t off = 0;

	T_CHILD(splice_full, NULL);
	T_CHILD(splice_full_at_an_offset, NULL);
	T_CHILD(sendfile_full, NULL);
	T_CHILD(sendfile_full, &off);
	T_CHILD(copy_range_full, NULL);
	T_CHILD(copy_range_full, &off);
	T_CHILD(tee_full, NULL);
	return t_done();
}
