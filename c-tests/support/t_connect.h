/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A TCP connection that is not established yet. Include after t.h. */
#ifndef T_CONNECT_H
#define T_CONNECT_H

/* The queue of the listener is full, so `fd` stays in connect(2); the kernel tries again after a second. */
struct t_connecting {
	int listener, first, fd;
};

static inline struct t_connecting t_connecting(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	struct t_connecting it;

	MUST((it.listener = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	MUST(bind(it.listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(it.listener, 0) == 0);
	MUST(getsockname(it.listener, (struct sockaddr *)&at, &len) == 0);
	MUST((it.first = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	MUST(connect(it.first, (struct sockaddr *)&at, sizeof at) == 0);
	MUST((it.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
	MUST(connect(it.fd, (struct sockaddr *)&at, sizeof at) == -1 && errno == EINPROGRESS);
	return it;
}

/* Makes room in the queue of the listener, so that the next try connects. */
static inline void t_make_room(const struct t_connecting *it)
{
	int fd = accept(it->listener, NULL, NULL);

	MUST(fd >= 0 && close(fd) == 0 && close(it->first) == 0);
}

/* Waits for the connection and returns its other end. */
static inline int t_accept_connection(const struct t_connecting *it)
{
	struct pollfd comes = { .fd = it->listener, .events = POLLIN };
	int fd;

	MUST(poll(&comes, 1, 3000) == 1 && (fd = accept(it->listener, NULL, NULL)) >= 0);
	MUST(close(it->listener) == 0);
	return fd;
}

/* Closes the listener: the connection will be refused. */
static inline void t_refuse_connection(const struct t_connecting *it)
{
	MUST(close(it->listener) == 0 && close(it->first) == 0);
}

#endif
