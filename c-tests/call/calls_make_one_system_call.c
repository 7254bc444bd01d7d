/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each function makes exactly one system call, the one it is named after, whatever the outcome. */
#include <zsplice.h>
#include "t.h"
#include "t_calls.h"

static int from[2], to[2], file, copy;

static void moves_with_each(void *unused)
{
	struct iovec iov = { (void *)(intptr_t)"four", 4 };

	(void)unused;
	T_EQ(zs_splice(from[0], NULL, to[1], NULL, 3, 0), 3);
	T_EQ(zs_tee(from[0], to[1], 3, 0), 3);
	T_EQ(zs_vmsplice(to[1], &iov, 1, 0), 4);
	T_EQ(zs_copy_range(file, NULL, copy, NULL, 3, 0), 3);
	T_EQ(zs_sendfile(copy, file, NULL, 3), 3);
}

static void fails_with_each(void *unused)
{
	(void)unused;
	T_EQ(zs_splice(-1, NULL, -1, NULL, 3, 0), -1);
	T_EQ(zs_tee(-1, -1, 3, 0), -1);
	T_EQ(zs_vmsplice(-1, NULL, 1, 0), -1);
	T_EQ(zs_copy_range(-1, NULL, -1, NULL, 3, 0), -1);
	T_EQ(zs_sendfile(-1, -1, NULL, 3), -1);
}

/* Inputs at their end, and lengths of 0 and SIZE_MAX. */
static void comes_to_little_with_each(void *unused)
{
	int64_t end = 1000000;

	(void)unused;
	T_EQ(zs_splice(-1, NULL, -1, NULL, 0, ~0u), 0);
	T_EQ(zs_tee(from[0], to[1], 0, 0), 0);
	T_EQ(zs_vmsplice(to[1], NULL, 0, 0), 0);
	T_EQ(zs_copy_range(file, &end, copy, NULL, 100, 0), 0);
	/* Where a size_t has 32 bits, that is a good length. */
	T_EQ(zs_sendfile(SIZE_MAX > UINT32_MAX ? copy : -1, file, NULL, SIZE_MAX), -1);
}

/* Nothing is there without waiting. */
static void would_block_with_each(void *unused)
{
	struct iovec iov = { (void *)(intptr_t)"four", 4 };

	(void)unused;
	T_EQ(zs_splice(from[0], NULL, to[1], NULL, 3, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_tee(from[0], to[1], 3, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_vmsplice(to[1], &iov, 1, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_copy_range(file, NULL, to[1], NULL, 3, 0), -1);
	T_EQ(zs_sendfile(to[1], file, NULL, 3), -1);
	T_EQ(errno, EAGAIN);
}

static void check(void (*story)(void *))
{
	static const long expected[] = { SYS_splice, SYS_tee, SYS_vmsplice, SYS_copy_file_range,
					 T_SYS_SENDFILE };
	long calls[8];

	T_EQ(t_system_calls(story, NULL, calls, 8), 5);
	T_EQ(memcmp(calls, expected, sizeof expected), 0);
}

int main(void)
{
	MUST(pipe(from) == 0 && pipe(to) == 0);
	MUST(write(from[1], "sixsix", 6) == 6);
	file = t_file(10);
	copy = t_file(0);
	check(moves_with_each);
	check(fails_with_each);
	MUST(lseek(file, 0, SEEK_SET) == 0);
	check(comes_to_little_with_each);
	t_drain(from[0], 3);
	t_nonblock(to[1], 1);
	t_fill_pipe(to[1]);
	check(would_block_with_each);
	return t_done();
}
