/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Some file systems return EINTR where others return a short count: copy_file_range(2) is called again with the
 * same offsets, and so are the other calls. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"

static int file, copy, pipes[2];

static int64_t is_interrupted_thrice(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier < 3 ? -EINTR : T_CONTINUE;
}

static void copies(void *unused)
{
	int64_t in = 100, out = 200;

	(void)unused;
	t_intercept(SYS_copy_file_range, is_interrupted_thrice);
	errno = ENOTTY;
	T_EQ(zs_copy_range_retry(file, &in, copy, &out, 50, 0), 50);
	T_EQ(errno, ENOTTY);
	T_EQ(in, 150);
	T_EQ(out, 250);
}

static void sends(void *unused)
{
	int64_t in = 100;

	(void)unused;
	t_intercept(T_SYS_SENDFILE, is_interrupted_thrice);
	errno = ENOTTY;
	T_EQ(zs_sendfile_retry(pipes[1], file, &in, 50, SPLICE_F_NONBLOCK), 50);
	T_EQ(errno, ENOTTY);
	T_EQ(in, 150);
}

static void splices(void *unused)
{
	int64_t in = 150;

	(void)unused;
	t_intercept(SYS_splice, is_interrupted_thrice);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(file, &in, pipes[1], NULL, 50, SPLICE_F_NONBLOCK), 50);
	T_EQ(errno, ENOTTY);
	T_EQ(in, 200);
}

int main(void)
{
	unsigned char bytes[100];

	file = t_file(1000);
	copy = t_file(0);
	MUST(pipe(pipes) == 0);
	T_CHILD(copies, NULL);
	if (T_EQ(pread(copy, bytes, 100, 200), 50))
		OK(t_is_pattern(bytes, 50, 100));
	T_CHILD(sends, NULL);
	T_CHILD(splices, NULL);
	if (T_EQ(t_read(pipes[0], bytes, 100), 100))
		OK(t_is_pattern(bytes, 100, 100));
	return t_done();
}
