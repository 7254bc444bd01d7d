/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file system whose copy_file_range(2) refuses, fails or wrongly returns 0, at first or in the middle: a read
 * proves the 0 wrong, and after a refusal another mechanism continues at the exact byte. An error of its read
 * or write is the error of the copy, with its side. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_fuse.h"

static struct t_fuse *fuse;

static void gets_by(int says, int from)
{
	struct zs_result result;
	int in, out;

	t_fuse_open(fuse, &in, &out);
	fuse->copy_says = says;
	fuse->copy_from = from;
	errno = 123;
	if (!OK(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result) == (int64_t)T_FUSE_LEN && errno == 123))
		fprintf(stderr, "... it says %d from %d on: errno %s, bytes %llu, via %s, side %s\n", says,
			from, t_errno_name(errno), (unsigned long long)result.bytes, t_via_words(result.via),
			t_side_word(result.side));
	T_EQ(result.bytes, T_FUSE_LEN);
	T_EQ(result.error, 0);
	T_EQ(result.in_flight, 0);
	if (T_EQ(t_position(in), (int64_t)T_FUSE_LEN))
		T_EQ(t_position(out), (int64_t)T_FUSE_LEN);
	MUST(fsync(out) == 0 && close(in) == 0 && close(out) == 0);
	T_EQ(memcmp(fuse->bytes[T_FUSE_IN], fuse->bytes[T_FUSE_OUT], T_FUSE_LEN), 0);
	T_EQ(fuse->size[T_FUSE_OUT], T_FUSE_LEN);
	OK(fuse->copies >= from);
}

/* An error of the data path ends the copy, exactly where it happened. */
static void fails_by(int says, int from, int error)
{
	struct zs_result result;
	int in, out;

	t_fuse_open(fuse, &in, &out);
	fuse->copy_says = says;
	fuse->copy_from = from;
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, error);
	T_EQ(result.error, error);
	T_EQ(result.bytes, fuse->size[T_FUSE_OUT]);
	T_EQ(result.bytes, (uint64_t)(from - 1) * (T_FUSE_LEN / 4));
	if (T_EQ(t_position(in), (int64_t)result.bytes))
		T_EQ(t_position(out), (int64_t)result.bytes);
	T_EQ(memcmp(fuse->bytes[T_FUSE_IN], fuse->bytes[T_FUSE_OUT], result.bytes), 0);
	OK(error != ENOSPC || result.side == ZS_SIDE_OUT);
	MUST(close(in) == 0 && close(out) == 0);
}

static void cannot_be_read(uint32_t flags)
{
	struct zs_result result;
	int in, out, pipes[2];

	MUST(pipe(pipes) == 0);
	t_fuse_open(fuse, &in, &out);
	fuse->copy_says = -EOPNOTSUPP;
	fuse->read_says = -EIO;
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .flags = flags), -1);
	T_EQ(errno, EIO);
	if (T_EQ(result.bytes, 0))
		OK((result.side == ZS_SIDE_IN || result.side == 0));
	T_EQ(T_COPY(in, NULL, pipes[1], NULL, 1000, &result, .flags = flags), -1);
	T_EQ(errno, EIO);
	OK(result.bytes == 0 && (result.side == ZS_SIDE_IN || result.side == 0) && t_bytes_available(pipes[0]) == 0);
	MUST(close(in) == 0 && close(out) == 0);
	t_close2(pipes);
}

static void cannot_be_written(int error)
{
	struct zs_result result;
	int in, out, pipes[2];

	MUST(pipe(pipes) == 0 && write(pipes[1], "four", 4) == 4);
	t_fuse_open(fuse, &in, &out);
	fuse->write_says = -error;
	T_EQ(zs_copy(pipes[0], NULL, out, NULL, 4, NULL, &result), -1);
	T_EQ(errno, error);
	if (T_EQ(result.bytes, 0))
		OK((result.side == ZS_SIDE_OUT || result.side == 0));
	T_EQ(t_bytes_available(pipes[0]) + (int)result.in_flight, 4);
	fuse->copy_says = -EOPNOTSUPP;
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, error);
	if (T_EQ(result.bytes, 0) && T_EQ(result.in_flight, 0))
		OK((result.side == ZS_SIDE_OUT || result.side == 0));
	if (T_EQ(t_position(in), 0))
		T_EQ(t_position(out), 0);
	MUST(close(in) == 0 && close(out) == 0);
	t_close2(pipes);
}

int main(void)
{
	static const int refusals[] = { 1, -ENOENT, -EPERM, -EINVAL, -EXDEV, -EACCES, -ETXTBSY, -EOPNOTSUPP, -ENOTTY };

	t_own_mounts();
	fuse = t_fuse();
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		for (int from = 1; from <= 3; from++)
			gets_by(refusals[i], from);
	fails_by(-ENOSPC, 1, ENOSPC);
	fails_by(-ENOSPC, 3, ENOSPC);
	fails_by(-EIO, 1, EIO);
	fails_by(-EIO, 2, EIO);
	fails_by(-EDQUOT, 2, EDQUOT);
	cannot_be_read(0);
	cannot_be_read(ZS_NO_CLONE);
	cannot_be_read(ZS_STABLE);
	cannot_be_written(ENOSPC);
	cannot_be_written(EIO);
	cannot_be_written(EDQUOT);
	/* The server has no copy_file_range(2): the kernel does not ask again. */
	gets_by(-ENOSYS, 1);
	MUST(umount2("fuse", MNT_DETACH) == 0);
	return t_done();
}
