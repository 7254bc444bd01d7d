/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A proxy around poll(2): forwards connections from one port to another, both at 127.0.0.1.
 *
 *     cc -std=c11 poll.c $(pkg-config --cflags --libs zsplice) -o proxy
 *     ./proxy LISTEN CONNECT */
#define _GNU_SOURCE 1
#include "proxy.h"
#include <zsplice.h>

#include <poll.h>

enum { MOST = 500 };

struct connection {
	int fds[2];
	zs_duplex *duplex;
	bool again; /* run it without an event */
};

static struct connection connections[MOST];
static int count;
/* The listener, then two for each connection. */
static struct pollfd polls[1 + 2 * MOST];

/* A descriptor that is waited for nothing is left out: poll(2) reports a hang-up unasked, again and again. */
static void watch(int i, unsigned int wanted_a, unsigned int wanted_b)
{
	int *fds = connections[i].fds;

	polls[1 + 2 * i] = (struct pollfd){ .fd = wanted_a ? fds[0] : -1, .events = (short)wanted_a };
	polls[2 + 2 * i] = (struct pollfd){ .fd = wanted_b ? fds[1] : -1, .events = (short)wanted_b };
}

/* The last one takes its place. */
static void finish(int i)
{
	struct connection *connection = &connections[i];

	close_both(connection->duplex, connection->fds[0], connection->fds[1]);
	zs_duplex_free(connection->duplex);
	count--;
	*connection = connections[count];
	polls[1 + 2 * i] = polls[1 + 2 * count];
	polls[2 + 2 * i] = polls[2 + 2 * count];
}

static void run(int i, unsigned int events_a, unsigned int events_b)
{
	struct connection *connection = &connections[i];
	unsigned int wanted_a = 0, wanted_b = 0;
	int status = zs_duplex_run(connection->duplex, events_a, events_b, 0);

	connection->again = status == ZS_WANT_RUN;
	if (status == 1)
		zs_duplex_wants(connection->duplex, &wanted_a, &wanted_b);
	if (status == 1 || connection->again)
		watch(i, wanted_a, wanted_b);
	else
		finish(i); /* 0: both have ended; -1: errno says why not */
}

static void serve(int client, int server, zs_duplex *duplex)
{
	if (duplex == NULL)
		die("cannot serve");
	connections[count] = (struct connection){ .fds = { client, server }, .duplex = duplex };
	count++;
	run(count - 1, ZS_EVENTS_ALL, ZS_EVENTS_ALL);
}

/* From the last to the first, since one that has ended is replaced by the last. */
static void run_all(void)
{
	for (int i = count - 1; i >= 0; i--) {
		unsigned int events_a = (unsigned short)polls[1 + 2 * i].revents;
		unsigned int events_b = (unsigned short)polls[2 + 2 * i].revents;

		if (events_a || events_b || connections[i].again)
			run(i, events_a, events_b);
	}
}

static bool is_any_to_run_again(void)
{
	for (int i = 0; i < count; i++)
		if (connections[i].again)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	zs_pool *pool = zs_pool_new(16, 0);
	int listener, client, server;

	if (argc != 3 || pool == NULL)
		return EXIT_FAILURE;
	listener = listen_at(argv[1]);
	for (;;) {
		polls[0] = (struct pollfd){ .fd = count < MOST ? listener : -1, .events = POLLIN };
		if (poll(polls, 1 + 2 * (nfds_t)count, is_any_to_run_again() ? 0 : -1) < 0) {
			if (errno != EINTR)
				die("poll");
			continue;
		}
		run_all();
		if (polls[0].revents && accept_pair(listener, argv[2], &client, &server))
			serve(client, server, zs_duplex_new(client, server, pool, ZS_NOSIGPIPE));
	}
}
