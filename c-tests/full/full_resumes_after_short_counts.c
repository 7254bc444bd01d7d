/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Short counts and interruptions do not change the outcome of a transfer. The kernel is never asked for more
 * than is left. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

#define LEN 250000

static unsigned int random_state;
static uint64_t left = LEN;

static int64_t fewer(uint64_t asked)
{
	random_state = random_state * 1103515245 + 12345;
	OK(asked <= left);
	if ((random_state >> 8) % 8 == 0)
		return -EINTR;
	return 1 + (int64_t)((random_state >> 11) % (asked < 9000 ? asked : 9000));
}

static int64_t moved(int64_t count)
{
	MUST(count > 0);
	left -= (uint64_t)count;
	return count;
}

static int64_t splice_answer(const uint64_t *a, int earlier)
{
	int64_t most = fewer(a[4]);

	(void)earlier;
	return most < 0 ? most : moved(t_make_with(SYS_splice, a, 4, (uint64_t)most));
}

static int64_t sendfile_answer(const uint64_t *a, int earlier)
{
	int64_t most = fewer(a[3]);

	(void)earlier;
	return most < 0 ? most : moved(t_make_with(T_SYS_SENDFILE, a, 3, (uint64_t)most));
}

static int64_t copy_answer(const uint64_t *a, int earlier)
{
	int64_t most = fewer(a[4]);

	(void)earlier;
	return most < 0 ? most : moved(t_make_with(SYS_copy_file_range, a, 4, (uint64_t)most));
}

static void story(void *argument)
{
	static const uint32_t vias[] = { ZS_VIA_SPLICE, ZS_VIA_SENDFILE, ZS_VIA_COPY_RANGE };
	static char bytes[LEN + 1];
	struct zs_result result = t_unwritten();
	int which = *(int *)argument, file = t_file(LEN), out = t_file(0), fds[2];
	int64_t off = 0, said;

	random_state = (unsigned int)which + 99;
	MUST(pipe(fds) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
	if (which == 0)
		MUST(splice(file, &off, fds[1], NULL, LEN, 0) == LEN);
	off = 0;
	if (which == 0)
		t_intercept(SYS_splice, splice_answer);
	else if (which == 1)
		t_intercept(T_SYS_SENDFILE, sendfile_answer);
	else
		t_intercept(SYS_copy_file_range, copy_answer);
	errno = 123;
	if (which == 0)
		said = zs_splice_full(fds[0], NULL, out, &off, LEN, 0, &result);
	else if (which == 1)
		said = zs_sendfile_full(out, file, &off, LEN, 0, &result);
	else
		said = zs_copy_range_full(file, &off, out, NULL, LEN, 0, &result);
	T_EQ(said, LEN);
	T_EQ(errno, 123);
	T_EQ(off, LEN);
	T_EQ(left, 0);
	OK(T_IS(result, .bytes = LEN, .via = vias[which]));
	if (T_EQ(pread(out, bytes, sizeof bytes, 0), LEN))
		OK(t_is_pattern(bytes, LEN, 0));
}

int main(void)
{
	for (int which = 0; which < 3; which++)
		T_CHILD(story, &which);
	return t_done();
}
