/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A proxy with an epoll loop of its own: forwards connections from one port to another, both at 127.0.0.1.
 *
 *     cc -std=c11 epoll.c $(pkg-config --cflags --libs zsplice) -o proxy
 *     ./proxy LISTEN CONNECT */
#define _GNU_SOURCE 1
#include "proxy.h"
#include <zsplice.h>

#include <sys/epoll.h>

struct side {
	struct connection *connection;
	int fd;
	unsigned int events; /* reported since the last run */
};

struct connection {
	struct side sides[2];
	zs_duplex *duplex;
	bool queued;
	struct connection *next;
};

/* Connections that are to be run. Each is in it once: an event of one side must not find what the other
 * side's has freed. */
static struct connection *first, **last = &first;
static int epoll;

static void enqueue(struct connection *connection)
{
	if (connection->queued)
		return;
	connection->queued = true;
	connection->next = NULL;
	*last = connection;
	last = &connection->next;
}

static void finish(struct connection *connection)
{
	/* Closing a descriptor removes it from the epoll set. */
	close_both(connection->duplex, connection->sides[0].fd, connection->sides[1].fd);
	zs_duplex_free(connection->duplex);
	free(connection);
}

static void run(struct connection *connection)
{
	struct side *sides = connection->sides;
	int status = zs_duplex_run(connection->duplex, sides[0].events, sides[1].events, 0);

	sides[0].events = sides[1].events = 0;
	if (status == ZS_WANT_RUN)
		enqueue(connection); /* after the others */
	else if (status != 1)
		finish(connection); /* 0: both have ended; -1: errno says why not */
}

static void run_queue(void)
{
	struct connection *connection = first, *next;

	first = NULL;
	last = &first;
	for (; connection != NULL; connection = next) {
		next = connection->next;
		connection->queued = false;
		run(connection);
	}
}

/* Edge-triggered and for everything: epoll_ctl is called once for each descriptor. */
static void watch(struct side *side, struct connection *connection, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
				     .data.ptr = side };

	*side = (struct side){ .connection = connection, .fd = fd, .events = ZS_EVENTS_ALL };
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		die("cannot watch");
}

static void serve(int client, int server, zs_duplex *duplex)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL || duplex == NULL)
		die("cannot serve");
	connection->duplex = duplex;
	watch(&connection->sides[0], connection, client);
	watch(&connection->sides[1], connection, server);
	enqueue(connection);
}

static void listen_too(int listener)
{
	struct epoll_event event = { .events = EPOLLIN };

	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0)
		die("cannot watch");
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	zs_pool *pool = zs_pool_new(16, 0);
	int listener, client, server;

	if (argc != 3 || pool == NULL)
		return EXIT_FAILURE;
	listener = listen_at(argv[1]);
	listen_too(listener);
	for (;;) {
		int count = epoll_wait(epoll, events, 64, first == NULL ? -1 : 0);

		for (int i = 0; i < count; i++) {
			struct side *side = events[i].data.ptr;

			if (side != NULL) {
				side->events |= events[i].events;
				enqueue(side->connection);
			} else if (accept_pair(listener, argv[2], &client, &server)) {
				serve(client, server, zs_duplex_new(client, server, pool, ZS_NOSIGPIPE));
			}
		}
		run_queue();
	}
}
