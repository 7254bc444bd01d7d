/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When the peer has closed its side the transfer ends, whether the socket is TCP or AF_UNIX, blocking or not.
 * When the peer has reset the connection the transfer fails on the side of the input. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void closed(int fds[2], int nonblock)
{
	struct zs_result result = t_unwritten();
	int out[2];

	MUST(pipe(out) == 0 && write(fds[0], "last words", 10) == 10);
	MUST(shutdown(fds[0], SHUT_WR) == 0);
	t_nonblock(fds[1], nonblock);
	T_EQ(zs_splice_full(fds[1], NULL, out[1], NULL, ZS_TO_END, 0, &result), 10);
	OK(T_IS(result, .bytes = 10, .via = ZS_VIA_SPLICE));
	T_EQ(t_bytes_available(out[0]), 10);

	/* It has ended, and stays ended. */
	T_EQ(zs_splice_full(fds[1], NULL, out[1], NULL, 5, SPLICE_F_NONBLOCK, &result), 0);
	OK(T_IS(result, 0));
	/* Only one of its directions has ended. */
	if (T_EQ(write(fds[1], "reply", 5), 5))
		T_EQ(t_bytes_available(fds[0]), 5);
	t_close2(fds);
	t_close2(out);
}

static void reset(int nonblock)
{
	struct linger at_once = { 1, 0 };
	struct zs_result result = t_unwritten();
	int tcp[2], out[2];

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(out) == 0 && write(tcp[0], "four", 4) == 4);
	MUST(setsockopt(tcp[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
	t_nonblock(tcp[1], nonblock);
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, 4, 0, NULL), 4);
	MUST(close(tcp[0]) == 0);
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, ZS_TO_END, 0, &result), -1);
	T_EQ(errno, ECONNRESET);
	OK(T_IS(result, .side = ZS_SIDE_IN, .error = ECONNRESET));
	MUST(close(tcp[1]) == 0);
}

int main(void)
{
	int fds[2];

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		t_tcp_pair(fds, 0, 0);
		closed(fds, nonblock);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		closed(fds, nonblock);
		reset(nonblock);
	}
	return t_done();
}
