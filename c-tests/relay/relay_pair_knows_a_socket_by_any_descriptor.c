/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two directions of a connection may use different descriptors of its socket, made by dup(2): a reset that
 * one of them meets reaches the other all the same. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	int client[2], server[2], other;
	zs_relay *there, *back;

	t_tcp_pair(client, 0, 0);
	t_tcp_pair(server, 0, 0);
	t_nonblock(client[1], 1);
	t_nonblock(server[1], 1);
	MUST((other = dup(client[1])) >= 0);
	there = zs_relay_new(client[1], server[1], ZS_TO_END, NULL, ZS_NOSIGPIPE);
	back = zs_relay_new(server[1], other, ZS_TO_END, NULL, ZS_NOSIGPIPE);
	MUST(there && back);
	zs_relay_pair(there, back);

	/* Bytes for the client meet its reset, so this direction gets the error. */
	MUST(write(client[0], "request", 7) == 7 && write(server[0], "answer", 6) == 6);
	MUST(write(client[1], "unread", 6) == 6);
	while (t_bytes_available(client[1]) < 7 || t_bytes_available(server[1]) < 6)
		t_sleep_ms(1);
	t_reset(client[0]);
	t_sleep_ms(50);
	T_EQ(zs_relay_run(back, 0), -1);
	T_EQ(errno, ECONNRESET);
	/* The socket reports a clean end to the other one, which still returns the error. */
	T_EQ(zs_relay_run(there, 0), -1);
	T_EQ(errno, ECONNRESET);
	zs_relay_free(there);
	zs_relay_free(back);
	return t_done();
}
