/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZS_CLONE shares blocks first and then copies the head before them. When the progress callback ends the copy,
 * both are in the output and counted. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 300000

static int calls;

static int ends(void *context, const struct zs_result *so_far)
{
	calls++;
	*(uint64_t *)context = so_far->bytes;
	return 1;
}

static void cancelled(int64_t from, int64_t to, uint64_t len, struct zs_options options)
{
	struct zs_result result = t_unwritten();
	int in = t_new_in("xfs"), out = t_new_in("xfs");
	int64_t off_in = from, off_out = to;
	uint64_t told = 0;

	t_put_pattern(in, 0, LEN, 0);
	MUST(fsync(in) == 0);
	calls = 0;
	options.flags |= ZS_CLONE;
	options.progress = ends;
	options.context = &told;
	T_EQ(zs_copy(in, &off_in, out, &off_out, len, &options, &result), -1);
	T_EQ(errno, ECANCELED);
	T_EQ(calls, 1);
	T_EQ(told, result.bytes);
	OK(result.bytes > 0 && result.via & ZS_VIA_CLONE);
	T_EQ(off_in, from + (int64_t)result.bytes);
	T_EQ(off_out, to + (int64_t)result.bytes);
	if (!OK(t_size(out) == off_out && t_has_pattern(out, to, result.bytes, (uint64_t)from)))
		fprintf(stderr, "... from %lld to %lld: %llu bytes, %lld in the output\n", (long long)from,
			(long long)to, (unsigned long long)result.bytes, (long long)t_size(out));
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	const char *reason;

	t_own_mounts();
	if ((reason = t_file_system((char[]){ "xfs" })) != NULL)
		t_skip(reason);
	cancelled(0, 0, ZS_TO_END, (struct zs_options){ 0 });
	cancelled(100, 100, ZS_TO_END, (struct zs_options){ 0 });
	cancelled(100, 4196, 200000, (struct zs_options){ 0 });
	cancelled(100, 100, ZS_TO_END, (struct zs_options){ .avoid = ZS_VIA_COPY_RANGE });
	cancelled(1, 1, 250000, (struct zs_options){ .avoid = ZS_VIA_READ_WRITE });
	cancelled(4000, 4000, 250000, (struct zs_options){ .timeout_ns = T_MS(10000) });
	return t_done();
}
