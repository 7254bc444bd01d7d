/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Into a full pipe even the end of the input is EAGAIN for the kernel. The _retry functions return 0 at once: with
 * read(2) and write(2) there would be nothing to wait for. */
#include <zsplice.h>
#include "t.h"

static ssize_t tee_retry(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
			 unsigned int flags)
{
	(void)off_in, (void)off_out;
	return zs_tee_retry(in, out, len, flags);
}

typedef ssize_t retry(int, int64_t *, int, int64_t *, size_t, unsigned int);

static void is_told(retry *transfer, int from[2])
{
	size_t held;
	int to[2];

	MUST(pipe2(to, O_NONBLOCK) == 0);
	MUST(close(from[1]) == 0);
	t_nonblock(from[0], 1);
	held = t_fill_pipe(to[1]);
	MUST(transfer(from[0], NULL, to[1], NULL, 10, SPLICE_F_NONBLOCK) == -1 && errno == EAGAIN);
	errno = ENOTTY;
	T_EQ(transfer(from[0], NULL, to[1], NULL, 10, 0), 0);
	T_EQ(errno, ENOTTY);
	T_EQ(t_bytes_available(to[0]), held);
	t_close2(to);
	MUST(close(from[0]) == 0);
}

int main(void)
{
	int from[2];

	MUST(pipe(from) == 0);
	is_told(zs_splice_retry, from);
	MUST(pipe(from) == 0);
	is_told(tee_retry, from);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, from) == 0);
	is_told(zs_splice_retry, from);
	t_tcp_pair(from, 0, 0);
	is_told(zs_splice_retry, from);
	return t_done();
}
