/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies a whole file and ranges of it, at positions and at offsets, to another file and within the same one.
 * The output is unchanged around the range. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 300000

static char bytes[2 * LEN];

int main(void)
{
	struct zs_result result = t_unwritten();
	int file = t_file(LEN), out = t_file(0);
	int64_t from = 1000, to = 7;

	errno = 123;
	T_EQ(zs_copy_range_full(file, NULL, out, NULL, LEN, 0, &result), LEN);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_COPY_RANGE));
	if (T_EQ(lseek(file, 0, SEEK_CUR), LEN))
		T_EQ(lseek(out, 0, SEEK_CUR), LEN);
	if (T_EQ(pread(out, bytes, sizeof bytes, 0), LEN))
		OK(t_is_pattern(bytes, LEN, 0));

	/* Over the middle of the output, from another place of the input. */
	T_EQ(zs_copy_range_full(file, &from, out, &to, 5000, 0, NULL), 5000);
	T_EQ(errno, 123);
	T_EQ(from, 6000);
	T_EQ(to, 5007);
	if (T_EQ(lseek(file, 0, SEEK_CUR), LEN))
		T_EQ(lseek(out, 0, SEEK_CUR), LEN);
	if (T_EQ(pread(out, bytes, sizeof bytes, 0), LEN))
		OK(t_is_pattern(bytes, 7, 0));
	OK(t_is_pattern(bytes + 7, 5000, 1000) && t_is_pattern(bytes + 5007, LEN - 5007, 5007));

	/* To the end, which comes early; then at the end. */
	from = LEN - 100;
	result = t_unwritten();
	T_EQ(zs_copy_range_full(file, &from, out, NULL, ZS_TO_END, 0, &result), 100);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = 100, .via = ZS_VIA_COPY_RANGE));
	if (T_EQ(from, LEN))
		T_EQ(lseek(out, 0, SEEK_CUR), LEN + 100);
	T_EQ(zs_copy_range_full(file, NULL, out, NULL, 100, 0, &result), 0);
	T_EQ(errno, 123);
	OK(T_IS(result, 0));

	/* Within one file: ranges that do not overlap are copied, ranges that do are EINVAL. */
	from = 0;
	to = LEN;
	T_EQ(zs_copy_range_full(file, &from, file, &to, 500, 0, &result), 500);
	if (T_EQ(pread(file, bytes, 500, LEN), 500))
		OK(t_is_pattern(bytes, 500, 0));
	from = 0;
	to = 100;
	T_EQ(zs_copy_range_full(file, &from, file, &to, 500, 0, &result), -1);
	T_EQ(errno, EINVAL);
	OK(T_IS(result, .side = result.side, .error = EINVAL));
	T_EQ(from, 0);
	T_EQ(to, 100);
	if (T_EQ(pread(file, bytes, LEN, 0), LEN))
		OK(t_is_pattern(bytes, LEN, 0));
	return t_done();
}
