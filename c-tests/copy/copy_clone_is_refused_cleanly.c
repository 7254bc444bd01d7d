/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZS_CLONE fails with the kernel's error where blocks cannot be shared, and with EINVAL where the two ranges
 * are not at the same place within a block. Nothing is written. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 100000

static void refused(int in, int64_t from, int out, int64_t to, uint64_t len, int error, int line)
{
	struct zs_result result = t_unwritten();
	int64_t off_in = from, off_out = to, size = t_size(out), stored = t_stored(out);

	t_scene("line %d", line);
	MUST(lseek(in, 5, SEEK_SET) == 5 && lseek(out, 6, SEEK_SET) == 6);
	T_EQ(T_COPY(in, &off_in, out, &off_out, len, &result, .flags = ZS_CLONE), -1);
	T_EQ(errno, error);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 0);
	T_EQ(result.copied, 0);
	T_EQ(result.holes, 0);
	T_EQ(result.via, 0);
	T_EQ(result.error, error);
	if (T_EQ(off_in, from) && T_EQ(off_out, to))
		T_EQ(t_position(out), 6);
	OK(in == out || t_position(in) == 5);
	if (T_EQ(t_size(out), size))
		T_EQ(t_stored(out), stored);
	OK(t_has_pattern(out, 0, (size_t)size, 9));
}

static void refused_by_a_stream(int in, int out, int error)
{
	struct zs_result result = t_unwritten();

	if (!T_EQ(T_COPY(in, NULL, out, NULL, 10, &result, .flags = ZS_CLONE), -1))
		return;
	OK(error ? errno == error : errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP ||
	   errno == EBADF);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 0);
}

int main(void)
{
	int in = t_file(LEN), out = t_file(0), memory = memfd_create("t", 0), pipes[2], unix_stream[2];
	const char *reason;

	t_put_pattern(out, 0, 50000, 9);
	t_put_pattern(memory, 0, 50000, 9);

	/* ext4, as a rule; tmpfs; one to the other. */
	if (T_COPY(in, &(int64_t){ 0 }, t_file(0), NULL, ZS_TO_END, NULL, .flags = ZS_CLONE) < 0) {
		T_EQ(errno, EOPNOTSUPP);
		refused(in, 0, out, 0, ZS_TO_END, EOPNOTSUPP, __LINE__);
		refused(in, 100, out, 100, 50000, EOPNOTSUPP, __LINE__);
	}
	refused(memory, 0, memory, 8192, 8192, EOPNOTSUPP, __LINE__);
	refused(in, 0, memory, 0, ZS_TO_END, EXDEV, __LINE__);
	refused(memory, 0, out, 0, ZS_TO_END, EXDEV, __LINE__);
	refused(memory, 4096, out, 4096, 8192, EXDEV, __LINE__);

	MUST(pipe(pipes) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, unix_stream) == 0);
	MUST(write(pipes[1], "ten bytes.", 10) == 10 && write(unix_stream[1], "ten bytes.", 10) == 10);
	refused_by_a_stream(pipes[0], out, 0);
	refused_by_a_stream(unix_stream[0], out, 0);
	refused_by_a_stream(in, pipes[1], 0);
	refused_by_a_stream(in, unix_stream[1], 0);
	refused_by_a_stream(pipes[0], unix_stream[1], 0);
	if (T_EQ(t_bytes_available(pipes[0]), 10))
		T_EQ(t_bytes_available(unix_stream[0]), 10);
	if (T_EQ(t_size(out), 50000))
		OK(t_has_pattern(out, 0, 50000, 9));

	/* Avoided, it cannot be. */
	T_EQ(T_COPY(in, NULL, out, NULL, 10, NULL, .flags = ZS_CLONE, .avoid = ZS_VIA_CLONE), -1);
	T_EQ(errno, EOPNOTSUPP);

	t_own_mounts();
	if ((reason = t_file_system((char[]){ "xfs" })) != NULL)
		t_skip(reason);
	in = t_new_in("xfs");
	out = t_new_in("xfs");
	t_put_pattern(in, 0, LEN, 0);
	t_put_pattern(out, 0, 50000, 9);
	MUST(fsync(in) == 0 && fsync(out) == 0);
	/* Not aligned alike. */
	refused(in, 0, out, 1, 50000, EINVAL, __LINE__);
	refused(in, 4096, out, 100, 20000, EINVAL, __LINE__);
	refused(in, 100, out, 101, ZS_TO_END, EINVAL, __LINE__);
	refused(in, 1, out, 4096, ZS_TO_END, EINVAL, __LINE__);
	/* To an output with O_APPEND, where the place is its end. */
	{
		struct zs_result result;
		int append = t_reopen(out, O_WRONLY | O_APPEND);

		T_EQ(T_COPY(in, &(int64_t){ 0 }, append, NULL, ZS_TO_END, &result, .flags = ZS_CLONE), -1);
		if (T_EQ(result.bytes, 0))
			T_EQ(t_size(out), 50000);
		/* A range without a whole block has nothing to share, so nothing is refused. */
		T_EQ(T_COPY(in, &(int64_t){ 10 }, out, &(int64_t){ 10 }, 50, &result, .flags = ZS_CLONE), 50);
		OK(t_has_pattern(out, 10, 50, 10));
		T_EQ(result.via, ZS_VIA_READ_WRITE);
	}
	/* Denied by a sandbox. */
	t_put_pattern(out, 0, 50000, 9);
	t_deny_clone(T_FAILS(EPERM));
	refused(in, 0, out, 0, ZS_TO_END, EPERM, __LINE__);
	T_EQ(zs_copy(in, &(int64_t){ 0 }, out, &(int64_t){ 0 }, ZS_TO_END, NULL, NULL), LEN);
	OK(t_has_pattern(out, 0, LEN, 0));
	return t_done();
}
