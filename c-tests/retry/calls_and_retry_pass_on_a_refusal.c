/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If a sandbox denies a system call, its error is returned at once, and no other call is tried. */
#include <zsplice.h>
#include "t.h"

static int from[2], to[2], file, copy;

static void is_refused(void *argument)
{
	int error = *(int *)argument;
	struct iovec iov = { (void *)(intptr_t)"four", 4 };
	int64_t at = 1;

	t_refuse(SYS_splice, error);
	t_refuse(SYS_tee, error);
	t_refuse(SYS_vmsplice, error);
	t_refuse(SYS_copy_file_range, error);
	t_refuse(T_SYS_SENDFILE, error);
	T_EQ(zs_splice(from[0], NULL, to[1], NULL, 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_tee(from[0], to[1], 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_vmsplice(to[1], &iov, 1, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_copy_range(file, &at, copy, NULL, 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_sendfile(copy, file, &at, 3), -1);
	T_EQ(errno, error);
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_tee_retry(from[0], to[1], 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_copy_range_retry(file, &at, copy, NULL, 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(zs_sendfile_retry(copy, file, &at, 3, 0), -1);
	T_EQ(errno, error);
	T_EQ(at, 1);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 0);
	if (T_EQ(lseek(file, 0, SEEK_CUR), 0))
		T_EQ(lseek(copy, 0, SEEK_END), 0);
}

int main(void)
{
	static int errors[] = { EPERM, ENOSYS, EACCES };

	MUST(pipe(from) == 0 && pipe(to) == 0 && write(from[1], "four", 4) == 4);
	file = t_file(100);
	copy = t_file(0);
	for (int i = 0; i < 3; i++)
		T_CHILD(is_refused, &errors[i]);
	return t_done();
}
