/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking socket has the smallest send buffer, and many pages with one byte each are to go through it: no
 * call blocks in it, so the timeout is noticed. */
#include <zsplice.h>
#include <netinet/tcp.h>
#include "t.h"

int main(void)
{
	struct zs_options options = { .timeout_ns = 300000000 };
	int from[2], to[2], one = 1;
	int64_t began;

	t_tcp_pair(from, 0, 0);
	t_tcp_pair(to, 0, 0);
	MUST(setsockopt(from[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
	MUST(setsockopt(to[1], SOL_SOCKET, SO_SNDBUF, &one, sizeof one) == 0);
	MUST(setsockopt(to[0], SOL_SOCKET, SO_RCVBUF, &one, sizeof one) == 0);
	for (int i = 0; i < 16 + 2000; i++)
		MUST(write(from[0], (char[1024]){ 0 }, i < 16 ? 1024 : 1) > 0);
	began = t_now_ms();
	T_EQ(zs_bridge(from[1], from[1], to[1], to[1], &options, NULL), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(t_now_ms() - began < 2000 * t_slower());
	return t_done();
}
