/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Offsets beyond 4 GiB are right to the byte, and a count of six GiB is right: there the test answers in place
 * of the kernel, so that no disk is filled. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

#define FAR ((int64_t)5 << 30)
#define LEN ((int64_t)6 << 30)

static uint64_t largest, left = (uint64_t)LEN;

static int64_t copies_all(const uint64_t *args, int earlier)
{
	uint64_t now = args[4] < left ? args[4] : left;

	(void)earlier;
	largest = args[4] > largest ? args[4] : largest;
	left -= now;
	return (int64_t)now;
}

static void six_gib(void *argument)
{
	struct zs_result result = t_unwritten();
	int file = t_file(0), out = t_file(0);

	(void)argument;
	t_intercept(SYS_copy_file_range, copies_all);
	T_EQ(zs_copy_range_full(file, NULL, out, NULL, ZS_TO_END, 0, &result), LEN);
	OK(T_IS(result, .bytes = (uint64_t)LEN, .via = ZS_VIA_COPY_RANGE));
	OK(largest <= 0x7ffff000); /* some file systems refuse more, and others take it for less */
}

int main(void)
{
	struct zs_result result = t_unwritten();
	int from = memfd_create("from", 0), to = memfd_create("to", 0);
	int64_t off_in = FAR, off_out = FAR + 1000;
	char bytes[5000];

	MUST(from >= 0 && to >= 0);
	t_pattern(bytes, sizeof bytes, 0);
	MUST(pwrite(from, bytes, sizeof bytes, FAR) == sizeof bytes);
	T_EQ(zs_copy_range_full(from, &off_in, to, &off_out, ZS_TO_END, 0, &result), sizeof bytes);
	OK(T_IS(result, .bytes = sizeof bytes, .via = ZS_VIA_COPY_RANGE));
	T_EQ(off_in, FAR + 5000);
	T_EQ(off_out, FAR + 6000);
	memset(bytes, 0, sizeof bytes);
	T_EQ(pread(to, bytes, sizeof bytes, FAR + 1000), sizeof bytes);
	OK(t_is_pattern(bytes, sizeof bytes, 0));
	T_CHILD(six_gib, NULL);
	return t_done();
}
