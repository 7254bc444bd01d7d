/* The client process: it opens connections and sends bulk or messages through them on request.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef RELAY_CLIENT_H
#define RELAY_CLIENT_H

#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "server.h"

enum {
	EXCHANGES = 20000, /* at most, for one request */
	PROOF = 16 * MiB,
	TOGETHER = 64,     /* connections that are opened at the same time */
	SENT = 4 * MiB     /* again and again, so that it stays in the cache */
};

struct order {
	enum { PROVE, OPEN, SEND, EXCHANGE, CLOSE } what;
	unsigned int count; /* of connections, of exchanges */
	char kind;
};

/* Shared by all clients with the process that gives the requests. */
struct board {
	size_t sizes[EXCHANGES];  /* of the messages, in turn */
	double lasted[EXCHANGES]; /* each, in ns */
};

struct connection {
	int fd;
	size_t told, left; /* bytes sent and received so far; bytes of this answer still to come */
	double began;
};

static struct board *board;
static int memory; /* the source of bulk */

/* State of one client. */
static struct connection *connections;
static unsigned int how_many_are_open;
static int wakes;

static int try(const char *port)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port)) };
	struct timeval patience = { .tv_sec = 10 };
	int on = 1, room = ROOM, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(fd >= 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Close by a reset, so that no port stays in TIME_WAIT. */
static void hang_up(int fd)
{
	static const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
}

static bool say(int fd, char kind)
{
	return fd >= 0 && send(fd, &kind, 1, MSG_NOSIGNAL) == 1;
}

static bool is_heard(int fd, char kind)
{
	char byte;

	return read(fd, &byte, 1) == 1 && byte == kind;
}

/* Sends and receives as much as is possible now. */
static bool pass(int fd, size_t *sent, size_t *got)
{
	static char buffer[64 << 10];
	struct pollfd ready = { .fd = fd, .events = *sent < PROOF ? POLLIN | POLLOUT : POLLIN };
	ssize_t count;

	if (poll(&ready, 1, 5000) != 1)
		return false;
	if (ready.revents & POLLOUT) {
		count = send(fd, bytes_at(*sent), least(LARGEST, PROOF - *sent), MSG_DONTWAIT | MSG_NOSIGNAL);
		*sent += count > 0 ? (size_t)count : 0;
	}
	if (ready.revents & ~POLLOUT) {
		count = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
		if (count <= 0 || !are_right(buffer, *got, (size_t)count))
			return false;
		*got += (size_t)count;
	}
	return true;
}

/* Whether PROOF bytes go there and come back unchanged, both directions at once. */
static bool prove(const char *port)
{
	size_t sent = 0, got = 0;
	int fd = try(port);
	bool is_right = say(fd, ECHO) && is_heard(fd, ECHO);

	while (is_right && got < PROOF)
		is_right = pass(fd, &sent, &got);
	if (fd >= 0)
		hang_up(fd);
	return is_right;
}

/* Waits until each has reached the server, so that no backlog overflows. */
static bool open_connections(const char *port, unsigned int count, char kind)
{
	connections = calloc(count, sizeof *connections);
	MUST(connections && (wakes = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	for (how_many_are_open = 0; how_many_are_open < count;) {
		unsigned int first = how_many_are_open;

		for (; how_many_are_open < count && how_many_are_open < first + TOGETHER; how_many_are_open++) {
			struct connection *new = &connections[how_many_are_open];

			if (!say(new->fd = try(port), kind))
				return false;
			watch(wakes, new->fd, new, EPOLLIN);
		}
		for (unsigned int i = first; i < how_many_are_open; i++)
			if (!is_heard(connections[i].fd, kind))
				return false;
	}
	return true;
}

static void close_connections(void)
{
	for (unsigned int i = 0; i < how_many_are_open; i++)
		hang_up(connections[i].fd);
	free(connections);
	close(wakes);
}

static void send_portion(void)
{
	for (int i = 0; i < PORTION / SENT; i++)
		for (off_t at = 0; at < SENT;)
			MUST(sendfile(connections->fd, memory, &at, (size_t)(SENT - at)) > 0);
	MUST(is_heard(connections->fd, '\0'));
}

/* Sends a request, which always fits into the send buffer. */
static void ask(struct connection *connection, size_t len)
{
	connection->left = len;
	connection->began = bench_now();
	MUST(send(connection->fd, bytes_at(connection->told), len, MSG_NOSIGNAL) == (ssize_t)len);
}

/* Whether the answer is complete. */
static bool hear(struct connection *connection)
{
	static char buffer[LARGEST];
	ssize_t got = recv(connection->fd, buffer, connection->left, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	MUST(got > 0 && are_right(buffer, connection->told, (size_t)got));
	connection->told += (size_t)got;
	connection->left -= (size_t)got;
	return connection->left == 0;
}

/* Every connection always has one request in flight. */
static void exchange(unsigned int times)
{
	struct epoll_event events[256];
	unsigned int asked = 0, heard = 0;

	for (unsigned int i = 0; i < how_many_are_open && asked < times; i++, asked++)
		ask(&connections[i], board->sizes[asked]);
	while (heard < times) {
		int count = epoll_wait(wakes, events, COUNT(events), 10000);

		MUST(count > 0);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!hear(connection))
				continue;
			board->lasted[heard++] = bench_now() - connection->began;
			if (asked < times)
				ask(connection, board->sizes[asked++]);
		}
	}
}

static bool carry_out(const struct order *order, const char *port)
{
	switch (order->what) {
	case PROVE: return prove(port);
	case OPEN: return open_connections(port, order->count, order->kind);
	case SEND: send_portion(); return true;
	case EXCHANGE: exchange(order->count); return true;
	case CLOSE: close_connections(); return true;
	}
	return false;
}

/* Runs until it is killed. */
static void be_client(int orders, const char *port)
{
	for (struct order order; read(orders, &order, sizeof order) == (ssize_t)sizeof order;) {
		bool is_done = carry_out(&order, port);

		MUST(write(orders, &is_done, sizeof is_done) == (ssize_t)sizeof is_done);
	}
	_exit(EXIT_SUCCESS);
}

#endif
