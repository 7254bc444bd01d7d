/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counts the system calls of a transfer: the one it is named after, as often as is needed, and at the
 * end of the input the few that prove it. No read or write of the data, no pipe, no memory. */
#include <zsplice.h>
#include "t.h"
#include "t_calls.h"

#define LEN 300000

static int file, out, fds[2], copy[2];

static void splice_full(void *argument)
{
	(void)argument;
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0, NULL), LEN);
}

static void sendfile_full(void *argument)
{
	(void)argument;
	T_EQ(zs_sendfile_full(out, file, NULL, LEN, 0, NULL), LEN);
}

static void copy_range_full(void *argument)
{
	(void)argument;
	T_EQ(zs_copy_range_full(file, NULL, out, NULL, LEN, 0, NULL), LEN);
}

static void tee_full(void *argument)
{
	(void)argument;
	T_EQ(zs_tee_full(fds[0], copy[1], out, LEN, 0, NULL), LEN);
}

static void to_the_end(void *argument)
{
	(void)argument;
	T_EQ(zs_sendfile_full(out, file, NULL, ZS_TO_END, 0, NULL), LEN);
}

static void nothing_known(void *argument)
{
	(void)argument;
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0x80, NULL), -1);
	T_EQ(errno, EINVAL);
}

/* All calls of `story` are `named` or `also`; returns how many. */
static int only(void (*story)(void *), long named, long also)
{
	long calls[64];
	int made = t_system_calls(story, NULL, calls, 64);

	MUST(made <= 64);
	for (int i = 0; i < made; i++)
		if (!OK(calls[i] == named || calls[i] == also))
			fprintf(stderr, "... call %d of %d is %s\n", i, made, t_call_name(calls[i]));
	return made;
}

int main(void)
{
	long calls[64];
	int made, moved = 0;

	file = t_file(LEN);
	out = t_file(0);
	MUST(pipe(fds) == 0 && pipe(copy) == 0);
	MUST(fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0 && fcntl(copy[1], F_SETPIPE_SZ, 1 << 20) > 0);

	/* Some of these take more than one call, because of readahead and the kernel's chunks. */
	made = only(splice_full, SYS_splice, SYS_splice);
	OK(made >= 1 && t_bytes_available(fds[0]) == LEN);
	made = only(tee_full, SYS_tee, SYS_splice);
	OK(made >= 2 && t_bytes_available(copy[0]) == LEN);
	MUST(lseek(file, 0, SEEK_SET) == 0);
	OK(only(copy_range_full, SYS_copy_file_range, SYS_copy_file_range) >= 1);
	MUST(lseek(file, 0, SEEK_SET) == 0);
	OK(only(sendfile_full, T_SYS_SENDFILE, T_SYS_SENDFILE) >= 1);

	MUST(lseek(file, 0, SEEK_SET) == 0);
	made = t_system_calls(to_the_end, NULL, calls, 64);
	for (int i = 0; i < made && i < 64; i++)
		moved += calls[i] == T_SYS_SENDFILE;
	OK(moved >= 2 && made - moved <= 6);
	for (int i = 0; i < made && i < 64; i++)
		OK(calls[i] != SYS_write && calls[i] != T_SYS_PWRITE && calls[i] != SYS_writev
		   && calls[i] != SYS_splice && calls[i] != SYS_copy_file_range && calls[i] != T_SYS_MMAP
		   && calls[i] != SYS_pipe2 && calls[i] != SYS_brk);
	T_EQ(t_system_calls(nothing_known, NULL, calls, 64), 0);
	return t_done();
}
