/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If copy_file_range(2) returns 0 and the output has O_DIRECT, the end cannot be checked by copying a single
 * byte. The 0 counts as a refusal, and the next mechanism copies everything. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (1 << 18)

static int first_zero;

static int64_t zero(const uint64_t *a, int earlier)
{
	if (earlier >= first_zero)
		return 0;
	return t_make_with(SYS_copy_file_range, a, 4, 8192);
}

static void story(void *argument)
{
	int in = t_file(LEN), file = t_file(0), out = t_reopen(file, O_WRONLY | O_DIRECT);
	int64_t off_in = 0, off_out = 0, *from = *(int *)argument ? &off_in : NULL;
	struct zs_result result = t_unwritten();

	t_intercept(SYS_copy_file_range, zero);
	if (!T_EQ(zs_copy(in, from, out, from ? &off_out : NULL, ZS_TO_END, NULL, &result), LEN))
		fprintf(stderr, "... 0 at call %d: bytes %llu, via %s\n", first_zero,
			(unsigned long long)result.bytes, t_via_words(result.via));
	T_EQ(result.bytes, LEN);
	T_EQ(result.in_flight, 0);
	T_EQ(result.error, 0);
	OK(result.refused & ZS_VIA_COPY_RANGE);
	OK(result.refused & ZS_VIA_CLONE || result.refusal == EOPNOTSUPP);
	if (T_EQ(t_size(file), LEN))
		OK(t_same_bytes(in, file));
	if (T_EQ(from ? off_in : t_position(in), LEN))
		T_EQ(from ? off_out : t_position(out), LEN);
}

int main(void)
{
	int file = t_file(4096), direct;
	char name[64];

	snprintf(name, sizeof name, "/proc/self/fd/%d", file);
	if ((direct = open(name, O_WRONLY | O_DIRECT)) < 0)
		t_skip("there is no O_DIRECT on this file system");
	for (first_zero = 0; first_zero < 3; first_zero++)
		for (int with = 0; with < 2; with++)
			T_CHILD(story, &with);
	return t_done();
}
