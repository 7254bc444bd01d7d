/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where nothing has to be waited for, a _retry function makes one system call, the one it is named after, and
 * none if its flags are unknown. */
#include <zsplice.h>
#include "t.h"
#include "t_calls.h"

static int from[2], to[2], file, copy;

static void moves_with_each(void *unused)
{
	(void)unused;
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 3, 0), 3);
	T_EQ(zs_tee_retry(from[0], to[1], 3, 0), 3);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, 3, 0), 3);
	T_EQ(zs_sendfile_retry(copy, file, NULL, 3, 0), 3);
}

static void fails_with_each(void *unused)
{
	(void)unused;
	T_EQ(zs_splice_retry(-1, NULL, to[1], NULL, 3, 0), -1);
	T_EQ(errno, EBADF);
	T_EQ(zs_tee_retry(-1, to[1], 3, 0), -1);
	T_EQ(errno, EBADF);
	T_EQ(zs_copy_range_retry(-1, NULL, copy, NULL, 3, 0), -1);
	T_EQ(errno, EBADF);
	T_EQ(zs_sendfile_retry(copy, -1, NULL, 3, 0), -1);
	T_EQ(errno, EBADF);
}

static void must_not_wait_with_each(void *unused)
{
	(void)unused;
	T_EQ(zs_splice_retry(to[0], NULL, from[1], NULL, 3, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_tee_retry(to[0], from[1], 3, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, 0, 0), 0);
	t_nonblock(from[1], 1); /* fcntl(2) twice, for what sendfile(2) has no flag for */
	T_EQ(zs_sendfile_retry(from[1], file, NULL, 3, SPLICE_F_NONBLOCK), 3);
}

static void knows_no_such_flag(void *unused)
{
	(void)unused;
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 3, 16), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_tee_retry(from[0], to[1], 3, 16), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, 3, 1), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_sendfile_retry(copy, file, NULL, 3, 1), -1);
	T_EQ(errno, EINVAL);
}

int main(void)
{
	static const long each[] = { SYS_splice, SYS_tee, SYS_copy_file_range, T_SYS_SENDFILE };
	static const long with_fcntl[] = { SYS_splice, SYS_tee, SYS_copy_file_range, T_SYS_FCNTL,
					   T_SYS_FCNTL, T_SYS_SENDFILE };
	long calls[8];

	MUST(pipe(from) == 0 && pipe(to) == 0);
	file = t_file(100);
	copy = t_file(0);
	T_EQ(t_system_calls(must_not_wait_with_each, NULL, calls, 8), 6);
	T_EQ(memcmp(calls, with_fcntl, sizeof with_fcntl), 0);
	MUST(write(from[1], "sixsix", 6) == 6);
	T_EQ(t_system_calls(moves_with_each, NULL, calls, 8), 4);
	T_EQ(memcmp(calls, each, sizeof each), 0);
	T_EQ(t_system_calls(fails_with_each, NULL, calls, 8), 4);
	T_EQ(memcmp(calls, each, sizeof each), 0);
	T_EQ(t_system_calls(knows_no_such_flag, NULL, calls, 8), 0);
	return t_done();
}
