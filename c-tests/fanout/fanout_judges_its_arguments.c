/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Invalid arguments are refused before anything is taken. An error of the input or the call is in all results,
 * one of an output in its own. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static struct zs_result results[2];

static int refused(int in, int64_t *off, const int *fds, size_t count, const struct zs_options *options, int error)
{
	results[0] = results[1] = t_unwritten();
	errno = 0;
	return T_EQ(zs_fanout(in, off, fds, count, ZS_TO_END, options, results), -1) & T_EQ(errno, error);
}

static void in_all(int in, int64_t *off, const int *fds, const struct zs_options *options, int error)
{
	OK(refused(in, off, fds, 2, options, error));
	OK(T_IS(results[0], .error = error, .side = ZS_SIDE_CALL));
	OK(T_IS(results[1], .index = 1, .error = error, .side = ZS_SIDE_CALL));
	T_EQ(zs_fanout(in, off, fds, 2, ZS_TO_END, options, NULL), -1);
	T_EQ(errno, error);
}

/* The second output is not valid: that ends the call or, with ZS_DROP_FAILED, drops this output. */
static void in_its_own(int in, int good, int bad, int error)
{
	struct zs_options drop = { .flags = ZS_DROP_FAILED };
	int fds[2] = { good, bad };
	int64_t at = t_position(in), before = t_size(good);

	OK(refused(in, NULL, fds, 2, NULL, error));
	OK(T_IS(results[0], .error = 0));
	OK(T_IS(results[1], .index = 1, .error = error, .side = ZS_SIDE_CALL));
	if (T_EQ(t_position(in), at))
		T_EQ(t_size(good), before);
	errno = 0;
	T_EQ(zs_fanout(in, NULL, fds, 2, 1000, &drop, results), 1000);
	T_EQ(errno, 0);
	T_EQ(results[0].bytes, 1000);
	T_EQ(results[0].error, 0);
	OK(T_IS(results[1], .index = 1, .error = error, .side = ZS_SIDE_CALL));
	MUST(lseek(in, at, SEEK_SET) == at);
	fds[0] = bad;
	OK(refused(in, NULL, fds, 2, &drop, error) && t_position(in) == at);
}

int main(void)
{
	int in = t_file(5000), good = t_file(0), dgram[2], records[2], pipes[2], closed = dup(in), reads;
	int good2[2] = { good, good }, path;
	int64_t off = -1, zero = 0;

	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, records) == 0);
	MUST(pipe(pipes) == 0);
	reads = t_reopen(good, O_RDONLY);
	path = t_reopen(good, O_PATH);
	MUST(close(closed) == 0);
	OK(refused(in, NULL, good2, 0, NULL, EINVAL));
	OK(refused(in, NULL, NULL, 0, NULL, EINVAL));
	OK(refused(in, NULL, good2, SIZE_MAX, NULL, EINVAL));
	in_all(in, NULL, NULL, NULL, EFAULT);
	for (uint32_t bit = 1; bit != 0; bit <<= 1)
		if (!(bit & 0x0ffe & ~0x0020u))
			in_all(in, NULL, good2, &(struct zs_options){ .flags = bit }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .flags = ZS_EITHER_END }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .flags = ZS_CLONE | ZS_NO_CLONE }, EINVAL);
	/* Blocks cannot be shared with several outputs. */
	in_all(in, NULL, good2, &(struct zs_options){ .flags = ZS_CLONE }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .timeout_ns = -1 }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .idle_ns = -1 }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .half_idle_ns = -1 }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .size = 40 }, EINVAL);
	in_all(in, NULL, good2, &(struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = closed }, EBADF);
	in_all(in, NULL, good2, &(struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = -1 }, EBADF);
	in_all(in, &off, good2, NULL, EINVAL);
	in_all(pipes[0], &zero, good2, NULL, ESPIPE);
	in_all(closed, NULL, good2, NULL, EBADF);
	in_all(-1, NULL, good2, NULL, EBADF);
	in_all(dgram[0], NULL, good2, NULL, EPROTOTYPE);
	in_all(records[0], NULL, good2, NULL, EPROTOTYPE);
	OK(off == -1 && zero == 0 && t_position(in) == 0 && t_size(good) == 0);
	in_its_own(in, good, closed, EBADF);
	in_its_own(in, good, -1, EBADF);
	in_its_own(in, good, INT_MAX, EBADF);
	in_its_own(in, good, dgram[0], EPROTOTYPE);
	in_its_own(in, good, records[0], EPROTOTYPE);
	in_its_own(in, good, reads, EBADF);
	in_its_own(in, good, path, EBADF);
	in_its_own(in, good, in, EINVAL);
	OK(off == -1 && zero == 0 && t_position(in) == 0 && t_size(good) == 8000);
	return t_done();
}
