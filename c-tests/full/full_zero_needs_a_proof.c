/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Some file systems return 0 in the middle of a file. If that happens once, the transfer continues to the last
 * byte; if it happens again and again, it is EOPNOTSUPP with an exact count. A 0 is not taken for the end where
 * one more byte can be read. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

#define LEN 30000

static int first_zero, zeros; /* which answers are 0 */
static int calls;

/* Ten thousand bytes at a time; 0 when it is told to. */
static int64_t splice_answer(const uint64_t *a, int earlier)
{
	calls = earlier + 1;
	if (earlier >= first_zero && earlier - first_zero < zeros)
		return 0;
	return t_make_with(SYS_splice, a, 4, a[4] < 10000 ? a[4] : 10000);
}

static int64_t sendfile_answer(const uint64_t *a, int earlier)
{
	calls = earlier + 1;
	if (earlier >= first_zero && earlier - first_zero < zeros)
		return 0;
	return t_make_with(T_SYS_SENDFILE, a, 3, a[3] < 10000 ? a[3] : 10000);
}

static int64_t copy_answer(const uint64_t *a, int earlier)
{
	calls = earlier + 1;
	if (earlier >= first_zero && earlier - first_zero < zeros)
		return 0;
	return t_make_with(SYS_copy_file_range, a, 4, a[4] < 10000 ? a[4] : 10000);
}

static void story(void *argument)
{
	int which = *(int *)argument, file = t_file(LEN), out = t_file(0), fds[2];
	static const uint32_t vias[] = { ZS_VIA_SPLICE, ZS_VIA_SENDFILE, ZS_VIA_COPY_RANGE };
	int64_t off = 0, whole = zeros < 2 ? LEN : first_zero * 10000, *at = which & 4 ? &off : NULL, moved;
	struct zs_result result = t_unwritten();

	MUST(pipe(fds) == 0);
	errno = 123;
	switch (which & 3) {
	case 0:
		t_intercept(SYS_splice, splice_answer);
		errno = 123;
		moved = zs_splice_full(file, at, fds[1], NULL, ZS_TO_END, 0, &result);
		break;
	case 1:
		t_intercept(T_SYS_SENDFILE, sendfile_answer);
		errno = 123;
		moved = zs_sendfile_full(out, file, at, ZS_TO_END, 0, &result);
		break;
	default:
		t_intercept(SYS_copy_file_range, copy_answer);
		errno = 123;
		moved = zs_copy_range_full(file, at, out, NULL, ZS_TO_END, 0, &result);
		break;
	}
	if (zeros < 2) {
		T_EQ(moved, LEN);
		T_EQ(errno, 123);
		OK(T_IS(result, .bytes = LEN, .via = vias[which & 3]));
	} else {
		T_EQ(moved, -1);
		T_EQ(errno, EOPNOTSUPP);
		T_EQ(calls, first_zero + 2);
		OK(T_IS(result, .bytes = (uint64_t)whole, .via = whole ? vias[which & 3] : 0,
			.side = result.side, .error = EOPNOTSUPP));
	}
	T_EQ(at ? off : lseek(file, 0, SEEK_CUR), whole);
	T_EQ(lseek(file, 0, SEEK_CUR), at ? 0 : whole);
	OK((which & 3) ? lseek(out, 0, SEEK_END) == whole : t_bytes_available(fds[0]) == whole);
}

int main(void)
{
	for (int which = 0; which < 7; which++) {
		if (which == 3)
			continue;
		for (first_zero = 0; first_zero < 3; first_zero++) {
			zeros = 1;
			T_CHILD(story, &which);
			zeros = INT_MAX;
			T_CHILD(story, &which);
		}
	}
	return t_done();
}
