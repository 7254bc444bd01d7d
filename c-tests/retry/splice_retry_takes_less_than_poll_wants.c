/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poll(2) reports neither bytes below SO_RCVLOWAT nor the last room in a socket, but splice(2) uses them. A
 * transfer that waited for its other side must not wait for poll(2) to report these. */
#include <zsplice.h>
#include "t.h"

static int ready(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	return poll(&one, 1, 0);
}

/* Five bytes are there, poll(2) reports a thousand; the pipe is full at first. */
static void less_than_the_low_water_mark(void)
{
	struct t_later drains = { .ms = 50 };
	int tcp[2], to[2], wanted = 1000;
	pthread_t reader;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe2(to, O_NONBLOCK) == 0);
	t_nonblock(tcp[1], 1);
	MUST(setsockopt(tcp[1], SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted) == 0);
	MUST(write(tcp[0], "below", 5) == 5);
	while (t_bytes_available(tcp[1]) < 5)
		t_sleep_ms(1);
	MUST(ready(tcp[1], POLLIN) == 0);
	drains.fd = to[0];
	drains.drain = t_fill_pipe(to[1]);
	reader = t_later(&drains);
	T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 100, 0), 5);
	t_join(reader);
	T_EQ(t_bytes_available(to[0]), 5);
	t_close2(tcp);
	t_close2(to);
}

/* The socket takes a byte, but poll(2) reports it full; the pipe is empty at first. */
static void more_than_poll_calls_room(void)
{
	struct t_later arrives = { .ms = 50, .write = "1" };
	int from[2], pair[2];
	char packet[512] = { 0 };
	pthread_t writer;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe2(from, O_NONBLOCK) == 0);
	t_nonblock(pair[0], 1);
	while (ready(pair[0], POLLOUT))
		MUST(write(pair[0], packet, sizeof packet) == sizeof packet);
	MUST(write(pair[0], packet, 1) == 1 && ready(pair[0], POLLOUT) == 0);
	arrives.fd = from[1];
	writer = t_later(&arrives);
	T_EQ(zs_splice_retry(from[0], NULL, pair[0], NULL, 100, 0), 1);
	t_join(writer);
	T_EQ(t_bytes_available(from[0]), 0);
	t_close2(from);
	t_close2(pair);
}

static void plays(void *story)
{
	alarm(2);
	(*(void (**)(void))story)();
}

int main(void)
{
	void (*stories[])(void) = { less_than_the_low_water_mark, more_than_poll_calls_room };

	T_CHILD(plays, &stories[0]);
	T_CHILD(plays, &stories[1]);
	return t_done();
}
