/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After a success and after a failure the descriptors are open with the flags they had, and no other is open. */
#include <zsplice.h>
#include <dirent.h>
#include "t.h"
#include "t_result.h"

static int fds[8];

static int open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	MUST(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	MUST(closedir(folder) == 0);
	return count;
}

static void transfer(unsigned int nonblock)
{
	char byte[65536];
	int file = fds[0], out = fds[1];
	const int *in = fds + 2, *into = fds + 4, *copy = fds + 6;
	int64_t off = 0;

	/* A success, one to the end of the input, and a failure. */
	T_EQ(zs_splice_full(file, &off, into[1], NULL, 4, nonblock, NULL), 4);
	T_EQ(zs_sendfile_full(out, file, &off, ZS_TO_END, nonblock, NULL), 96);
	off = 0;
	T_EQ(zs_copy_range_full(file, &off, out, NULL, 4, 0, NULL), 4);
	MUST(write(in[1], "four", 4) == 4);
	T_EQ(zs_tee_full(in[0], copy[1], into[1], 4, nonblock, NULL), 4);
	t_drain(into[0], 8);
	t_drain(copy[0], 4);
	T_EQ(zs_splice_full(in[0], NULL, into[1], NULL, 4, SPLICE_F_NONBLOCK, NULL), -1);
	T_EQ(errno, EAGAIN);
	t_fill_pipe(copy[1]);
	MUST(write(in[1], "four", 4) == 4);
	T_EQ(zs_tee_full(in[0], copy[1], into[1], 4, SPLICE_F_NONBLOCK, NULL), -1);
	T_EQ(errno, EAGAIN);
	t_drain(in[0], 4);
	while (t_bytes_available(copy[0]) > 0)
		t_read(copy[0], byte, (size_t)t_bytes_available(copy[0]));
	T_EQ(zs_splice_full(file, NULL, out, NULL, 4, 0, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_copy_range_full(file, NULL, in[1], NULL, 4, 0, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_sendfile_full(file, in[0], NULL, 4, 0, NULL), -1);
}

int main(void)
{
	int before;

	fds[0] = t_file(100);
	fds[1] = t_file(0);
	MUST(pipe2(fds + 2, O_CLOEXEC) == 0 && pipe(fds + 4) == 0 && pipe2(fds + 6, O_NONBLOCK) == 0);
	MUST(fcntl(fds[0], F_SETFL, O_NOATIME) == 0 && fcntl(fds[1], F_SETFD, FD_CLOEXEC) == 0);
	before = open_descriptors();
	for (int round = 0; round < 8; round++) {
		int status[8], own[8];

		t_nonblock(fds[2], round & 1);
		t_nonblock(fds[5], round & 2);
		for (int i = 0; i < 8; i++) {
			status[i] = fcntl(fds[i], F_GETFL);
			own[i] = fcntl(fds[i], F_GETFD);
		}
		transfer(round & 4 ? SPLICE_F_NONBLOCK : 0);
		for (int i = 0; i < 8; i++)
			OK(fcntl(fds[i], F_GETFL) == status[i] && fcntl(fds[i], F_GETFD) == own[i]);
	}
	T_EQ(open_descriptors(), before);
	return t_done();
}
