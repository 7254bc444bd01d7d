/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A _retry function makes one transfer: a short count of the kernel is returned, and so is a 0, whatever its
 * reason. To continue is up to the caller. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"

static int file, copy, from[2], to[2];
static int shortened; /* what the kernel moves of all that it is asked for */

static int64_t is_short_once(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? shortened : 1;
}

static void answers_once(long number)
{
	t_intercept(number, is_short_once);
	errno = ENOTTY;
}

static void splices(void *unused)
{
	(void)unused;
	answers_once(SYS_splice);
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 100, 0), shortened);
	T_EQ(errno, ENOTTY);
}

static void tees(void *unused)
{
	(void)unused;
	answers_once(SYS_tee);
	T_EQ(zs_tee_retry(from[0], to[1], 100, 0), shortened);
	T_EQ(errno, ENOTTY);
}

static void copies(void *unused)
{
	(void)unused;
	answers_once(SYS_copy_file_range);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, 100, 0), shortened);
	T_EQ(errno, ENOTTY);
}

static void sends(void *unused)
{
	(void)unused;
	answers_once(T_SYS_SENDFILE);
	T_EQ(zs_sendfile_retry(copy, file, NULL, 100, 0), shortened);
	T_EQ(errno, ENOTTY);
}

int main(void)
{
	MUST(pipe(from) == 0 && pipe(to) == 0 && write(from[1], "ten bytes.", 10) == 10);
	file = t_file(1000);
	copy = t_file(0);
	for (shortened = 0; shortened < 2; shortened++) {
		T_CHILD(splices, NULL);
		T_CHILD(tees, NULL);
		T_CHILD(copies, NULL);
		T_CHILD(sends, NULL);
	}
	return t_done();
}
