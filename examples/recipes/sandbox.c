/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zsplice.h>

/* What zs_copy may call; see System calls in zsplice(7). */
static const int allowed[] = {
	__NR_splice, __NR_copy_file_range, __NR_sendfile, __NR_read,
	__NR_write, __NR_pread64, __NR_pwrite64, __NR_preadv2,
	__NR_pwritev2, __NR_recvfrom, __NR_sendto, __NR_ioctl, __NR_statx,
	__NR_newfstatat, __NR_fstatfs, __NR_lseek, __NR_fallocate,
	__NR_fcntl, __NR_pipe2,
	__NR_close, __NR_ppoll, __NR_getsockopt, __NR_getpeername,
	__NR_rt_sigpending, __NR_rt_sigprocmask, __NR_rt_sigtimedwait,
	__NR_clock_gettime,
	/* memory */
	__NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_mprotect,
	__NR_madvise, __NR_futex, __NR_getrandom,
	/* the program itself */
	__NR_exit_group,
};

enum { COUNT = sizeof allowed / sizeof *allowed };

/* From here on every other system call fails with EPERM. A filter that
 * serves for more than this also compares seccomp_data.arch. */
static void lock_up(void)
{
	struct sock_filter filter[2 * COUNT + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .filter = filter };
	unsigned short n = 1;

	for (int i = 0; i < COUNT; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K,
			(unsigned int)allowed[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
	    || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		err(EXIT_FAILURE, "seccomp");
}

int main(void)
{
	lock_up();
	if (zs_copy(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, ZS_TO_END,
		    NULL, NULL) == -1)
		err(EXIT_FAILURE, "copying");
	return EXIT_SUCCESS;
}
