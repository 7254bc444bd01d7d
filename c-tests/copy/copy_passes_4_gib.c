/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lengths and offsets beyond 4 GiB: a sparse file of 5 GiB with a little data here and there, copied whole,
 * from beyond that, and to where no file ends. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define GIB ((int64_t)1 << 30)
#define LEN (5 * GIB + 123)

int main(void)
{
	struct zs_result result;
	int in = t_file(0), out = t_file(0), null = open("/dev/null", O_WRONLY);
	int zero = open("/dev/zero", O_RDONLY);
	int64_t off_in = 0, off_out = 0;

	MUST(null >= 0 && zero >= 0);
	if (ftruncate(in, LEN) != 0)
		t_skip("files cannot be so large here");
	t_put_pattern(in, 0, 5000, 0);
	t_put_pattern(in, 4 * GIB - 3000, 6000, 100);
	t_put_pattern(in, LEN - 1000, 1000, 200);
	T_EQ(zs_copy(in, NULL, out, &off_out, ZS_TO_END, NULL, &result), LEN);
	T_EQ(off_out, LEN);
	OK(t_position(in) == LEN && t_size(out) == LEN && result.bytes == (uint64_t)LEN);
	OK(result.holes > (uint64_t)(5 * GIB - 65536));
	OK(t_has_pattern(out, 0, 5000, 0) && t_has_pattern(out, 4 * GIB - 3000, 6000, 100));
	OK(t_has_pattern(out, LEN - 1000, 1000, 200) && t_stored(out) < 1 << 20);

	/* From beyond 4 GiB, and a length that passes them. */
	off_in = 4 * GIB - 3000;
	off_out = 0;
	T_EQ(zs_copy(in, &off_in, out, &off_out, 6000, NULL, &result), 6000);
	T_EQ(off_in, 4 * GIB + 3000);
	OK(t_has_pattern(out, 0, 6000, 100));
	T_EQ(zs_copy(zero, NULL, null, NULL, (uint64_t)LEN, NULL, &result), LEN);
	T_EQ(result.bytes, (uint64_t)LEN);

	/* To the largest offset: nothing to copy is nothing; more is EFBIG. */
	off_out = INT64_MAX;
	T_EQ(zs_copy(in, &(int64_t){ LEN }, out, &off_out, ZS_TO_END, NULL, &result), 0);
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	off_in = 0;
	T_EQ(zs_copy(in, &off_in, out, &off_out, 10, NULL, &result), -1);
	OK(errno == EFBIG || errno == EINVAL || errno == EOVERFLOW);
	T_EQ(result.bytes, 0);
	T_EQ(off_out, INT64_MAX);
	T_EQ(off_in, 0);
	return t_done();
}
