/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The socket has a timeout, but EAGAIN came from the full pipe, so the timeout has not begun. Once the pipe has
 * room the socket is waited for, until its timeout. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	struct t_later drains = { .ms = 30 }, arrives = { .ms = 150, .write = "in time" };
	int tcp[2], to[2];
	pthread_t reader, writer;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe2(to, O_NONBLOCK) == 0);
	t_timeout_ms(tcp[1], SO_RCVTIMEO, 10000);
	drains.fd = to[0];
	drains.drain = t_fill_pipe(to[1]);
	arrives.fd = tcp[0];
	reader = t_later(&drains);
	writer = t_later(&arrives);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 100, 0), 7);
	T_EQ(errno, ENOTTY);
	t_join(reader);
	t_join(writer);
	return t_done();
}
