/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With a full output pipe even the end of the input is EAGAIN. Once the pipe has room splice and tee return 0. */
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
	struct t_later later = { .ms = 50 };
	pthread_t reader;
	int64_t start;
	int to[2];

	MUST(pipe2(to, O_NONBLOCK) == 0);
	MUST(close(from[1]) == 0);
	t_nonblock(from[0], 1);
	later.fd = to[0];
	later.drain = t_fill_pipe(to[1]);
	MUST(transfer(from[0], NULL, to[1], NULL, 10, SPLICE_F_NONBLOCK) == -1 && errno == EAGAIN);
	start = t_now_ms();
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(transfer(from[0], NULL, to[1], NULL, 10, 0), 0);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 49);
	t_join(reader);
	T_EQ(t_bytes_available(to[0]), 0);
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
