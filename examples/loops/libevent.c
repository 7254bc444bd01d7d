/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A proxy in libevent's event loop: forwards connections from one port to another, both at 127.0.0.1.
 *
 *     cc -std=c11 libevent.c $(pkg-config --cflags --libs zsplice libevent_core) -o proxy
 *     ./proxy LISTEN CONNECT */
#define _GNU_SOURCE 1
#include "proxy.h"
#include <zsplice.h>

#include <event2/event.h>
#include <poll.h>

struct side {
	struct connection *of;
	int fd;
	struct event *readable, *writable;
};

struct connection {
	struct side a, b;
	struct event *again;
	zs_duplex *duplex;
};

static const char *target;
static struct event_base *base;
static zs_pool *pool;

static void close_side(struct side *side)
{
	event_free(side->readable);
	event_free(side->writable);
}

static void finish(struct connection *connection)
{
	close_side(&connection->a);
	close_side(&connection->b);
	event_free(connection->again);
	close_both(connection->duplex, connection->a.fd, connection->b.fd);
	zs_duplex_free(connection->duplex);
	free(connection);
}

static void watch(struct event *event, int is_wanted)
{
	if (is_wanted ? event_add(event, NULL) : event_del(event))
		die("libevent");
}

/* The events are level-triggered: each is to be there while it is wanted, and no longer. */
static void run(struct connection *connection, unsigned int events_a, unsigned int events_b)
{
	struct side *a = &connection->a, *b = &connection->b;
	unsigned int wanted_a, wanted_b;

	switch (zs_duplex_run(connection->duplex, events_a, events_b, 0)) {
	case 1:
		zs_duplex_wants(connection->duplex, &wanted_a, &wanted_b);
		watch(a->readable, wanted_a & POLLIN);
		watch(a->writable, wanted_a & POLLOUT);
		watch(b->readable, wanted_b & POLLIN);
		watch(b->writable, wanted_b & POLLOUT);
		break;
	case ZS_WANT_RUN: event_active(connection->again, EV_TIMEOUT, 0); break;
	default: finish(connection); /* 0: both have ended; -1: errno says why not */
	}
}

static void happened(evutil_socket_t fd, short events, void *argument)
{
	struct side *side = argument;
	struct connection *connection = side->of;
	unsigned int bits = (events & EV_READ ? POLLIN : 0) | (events & EV_WRITE ? POLLOUT : 0);

	(void)fd;
	run(connection, side == &connection->a ? bits : 0, side == &connection->b ? bits : 0);
}

static void go_on(evutil_socket_t fd, short events, void *connection)
{
	(void)fd, (void)events;
	run(connection, 0, 0);
}

static struct side side(struct side *here, struct connection *of, int fd)
{
	return (struct side){ of, fd, event_new(base, fd, EV_READ | EV_PERSIST, happened, here),
			      event_new(base, fd, EV_WRITE | EV_PERSIST, happened, here) };
}

static void serve(int client, int server, zs_duplex *duplex)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL || duplex == NULL)
		die("cannot serve");
	connection->duplex = duplex;
	connection->a = side(&connection->a, connection, client);
	connection->b = side(&connection->b, connection, server);
	connection->again = event_new(base, -1, 0, go_on, connection);
	run(connection, ZS_EVENTS_ALL, ZS_EVENTS_ALL);
}

static void accepts(evutil_socket_t listener, short events, void *argument)
{
	int client, server;

	(void)events, (void)argument;
	if (accept_pair(listener, target, &client, &server))
		serve(client, server, zs_duplex_new(client, server, pool, ZS_NOSIGPIPE));
}

int main(int argc, char **argv)
{
	if (argc != 3 || (base = event_base_new()) == NULL || (pool = zs_pool_new(16, 0)) == NULL)
		return EXIT_FAILURE;
	target = argv[2];
	event_add(event_new(base, listen_at(argv[1]), EV_READ | EV_PERSIST, accepts, NULL), NULL);
	return event_base_dispatch(base);
}
