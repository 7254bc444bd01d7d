/* The server process: it sends back what it receives, or reads a portion at a time and answers with a byte.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef RELAY_SERVER_H
#define RELAY_SERVER_H

#include <netinet/tcp.h>
#include <sys/epoll.h>

#include "bytes.h"

/* A connection. */
struct peer {
	char kind;       /* 0: not known yet */
	bool is_stalled; /* it does not take our answer: read nothing more */
	size_t got, put;
};

enum { PEERS = 20000, LOT = 256 << 10 };

static inline void watch(int epoll, int fd, void *whose, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = whose };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static inline void wake_for(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

/* Woken for LOT bytes: a wake-up for every segment would dominate. */
static bool take_portion(int fd)
{
	ssize_t got;
	char byte;

	if (recv(fd, &byte, 1, MSG_PEEK) != 1)
		return false;
	wake_for(fd, LOT);
	for (size_t len = PORTION; len > 0; len -= (size_t)got) {
		if (len < 2 * LOT)
			wake_for(fd, 1);
		if ((got = recv(fd, NULL, least(len, MiB), MSG_TRUNC)) <= 0)
			return false;
	}
	return send(fd, "", 1, MSG_NOSIGNAL) == 1;
}

static bool greet(int fd, struct peer *peer)
{
	return read(fd, &peer->kind, 1) == 1 && send(fd, &peer->kind, 1, MSG_NOSIGNAL) == 1;
}

static bool take(int fd, struct peer *peer)
{
	static char buffer[64 << 10];
	ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	MUST(are_right(buffer, peer->got, (size_t)got));
	peer->got += (size_t)got;
	return true;
}

/* They have been compared, so the answer can be sent from anywhere. */
static bool give(int fd, struct peer *peer)
{
	ssize_t put = send(fd, bytes_at(peer->put), peer->got - peer->put, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put < 0)
		return errno == EAGAIN;
	peer->put += (size_t)put;
	return true;
}

static bool echo(int epoll, int fd, struct peer *peer)
{
	struct epoll_event event = { .data.ptr = peer };
	bool is_due;

	if (peer->put == peer->got && !take(fd, peer))
		return false;
	if (peer->put < peer->got && !give(fd, peer))
		return false;
	is_due = peer->put < peer->got;
	if (is_due != peer->is_stalled) {
		event.events = is_due ? EPOLLOUT : EPOLLIN;
		MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0);
		peer->is_stalled = is_due;
	}
	return true;
}

static void serve(int listening)
{
	static struct peer peers[PEERS]; /* by descriptor */
	struct epoll_event events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	watch(epoll, listening, &peers[listening], EPOLLIN);
	for (;;) {
		int count = epoll_wait(epoll, events, COUNT(events), -1);

		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;
			int fd = (int)(peer - peers);

			if (fd == listening) {
				MUST((fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0 && fd < PEERS);
				peers[fd] = (struct peer){ 0 };
				watch(epoll, fd, &peers[fd], EPOLLIN);
			} else if (peer->kind == 0 ? !greet(fd, peer) :
				   peer->kind == SINK ? !take_portion(fd) : !echo(epoll, fd, peer)) {
				close(fd);
			}
		}
	}
}

#endif
