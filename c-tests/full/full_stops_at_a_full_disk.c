/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file system of 256 KiB is full in the middle of a transfer: ENOSPC on the side of the output, and what it
 * took is counted exactly. It is mounted in a namespace of this process, and ends with it. */
#include <zsplice.h>
#include <sched.h>
#include <sys/mount.h>
#include "t.h"
#include "t_result.h"

#define ROOM (256 << 10)
#define LEN (ROOM + (64 << 10))

static char bytes[LEN];

static int new_file(void)
{
	int fd = open("full/file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0);
	return fd;
}

/* The file has what was counted, and takes nothing more. */
static void filled(int fd, struct zs_result result, uint32_t via, uint64_t in_flight)
{
	OK(result.bytes > ROOM / 2 && result.bytes <= ROOM);
	OK(T_IS(result, .bytes = result.bytes, .in_flight = in_flight, .via = via,
		.side = ZS_SIDE_OUT, .error = ENOSPC));
	T_EQ(pread(fd, bytes, LEN, 0), (ssize_t)result.bytes);
	OK(t_is_pattern(bytes, result.bytes, 0));
	MUST(close(fd) == 0);
}

static void fill(void *argument)
{
	struct zs_result result = t_unwritten();
	int file, out, fds[2], copy[2];
	int64_t off = 0;

	(void)argument;
	MUST(mkdir("full", 0700) == 0);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		t_skip("mount(2) is not allowed here");
	MUST(mount("none", "full", "tmpfs", 0, "size=256k") == 0);
	file = t_file(LEN);

	out = new_file();
	T_EQ(zs_sendfile_full(out, file, &off, LEN, 0, &result), -1);
	T_EQ(errno, ENOSPC);
	T_EQ(off, (int64_t)result.bytes);
	filled(out, result, ZS_VIA_SENDFILE, 0);

	MUST(pipe(fds) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > LEN && pipe(copy) == 0);
	MUST(fcntl(copy[1], F_SETPIPE_SZ, 1 << 20) > LEN);
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0, NULL), LEN);
	out = new_file();
	result = t_unwritten();
	T_EQ(zs_splice_full(fds[0], NULL, out, NULL, LEN, 0, &result), -1);
	T_EQ(errno, ENOSPC);
	T_EQ(t_bytes_available(fds[0]), LEN - (int)result.bytes);
	filled(out, result, ZS_VIA_SPLICE, 0);

	t_drain(fds[0], LEN - result.bytes);
	MUST(lseek(file, 0, SEEK_SET) == 0);
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0, NULL), LEN);
	out = new_file();
	result = t_unwritten();
	T_EQ(zs_tee_full(fds[0], copy[1], out, LEN, 0, &result), -1);
	T_EQ(errno, ENOSPC);
	if (T_EQ(t_bytes_available(copy[0]), LEN))
		T_EQ(t_bytes_available(fds[0]), LEN - (int)result.bytes);
	filled(out, result, ZS_VIA_SPLICE | ZS_VIA_TEE, LEN - result.bytes);
	t_close2(fds);
	t_close2(copy);

	/* copy_file_range(2) wants both files there: three quarters, and as much again. */
	out = new_file();
	file = open("full/other", O_RDWR | O_CREAT, 0600);
	MUST(file >= 0);
	t_pattern(bytes, ROOM * 3 / 4, 0);
	t_write(file, bytes, ROOM * 3 / 4);
	off = 0;
	result = t_unwritten();
	T_EQ(zs_copy_range_full(file, &off, out, NULL, ROOM, 0, &result), -1);
	T_EQ(errno, ENOSPC);
	OK(result.bytes > 0 && result.bytes <= ROOM / 4);
	T_EQ(off, (int64_t)result.bytes);
	if (T_EQ(lseek(out, 0, SEEK_CUR), off))
		T_EQ(lseek(out, 0, SEEK_END), off);
	OK(T_IS(result, .bytes = (uint64_t)off, .via = ZS_VIA_COPY_RANGE, .side = ZS_SIDE_OUT,
		.error = ENOSPC));
	if (T_EQ(pread(out, bytes, LEN, 0), off))
		OK(t_is_pattern(bytes, (size_t)off, 0));
	MUST(close(out) == 0 && close(file) == 0);
	MUST(umount("full") == 0);
	MUST(rmdir("full") == 0);
}

int main(void)
{
	int status = t_child(fill, NULL);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return 77;
	T_EQ(status, 0);
	return t_done();
}
