/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A message in the error queue of a socket (MSG_ERRQUEUE): poll(2) reports POLLERR until it is read, although
 * nothing is wrong. Include after t.h. */
#ifndef T_ERRQUEUE_H
#define T_ERRQUEUE_H

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

/* What the message is about: a MSG_ZEROCOPY send that is complete, or the time at which a packet was sent. */
enum t_notice { T_OF_ZEROCOPY, T_OF_A_TIME_STAMP, T_NOTICES };

/* Two connected TCP sockets with small buffers; [0] has such a message in its error queue. */
static inline void t_tcp_pair_with_error_queue(int tcp[2], enum t_notice notice)
{
	int zerocopy = notice == T_OF_ZEROCOPY, on = 1, off = 0;
	int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	struct pollfd told;
	char byte;

	t_tcp_pair(tcp, 65536, 65536);
	if (zerocopy ? setsockopt(tcp[0], SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on) != 0
		     : setsockopt(tcp[0], SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) != 0)
		t_skip("sockets have no MSG_ZEROCOPY or no time stamps here");
	MUST(send(tcp[0], "x", 1, zerocopy ? MSG_ZEROCOPY : 0) == 1 && read(tcp[1], &byte, 1) == 1);
	told = (struct pollfd){ .fd = tcp[0] };
	MUST(poll(&told, 1, 5000) == 1 && told.revents == POLLERR);
	MUST(zerocopy || setsockopt(tcp[0], SOL_SOCKET, SO_TIMESTAMPING, &off, sizeof off) == 0);
}

#endif
