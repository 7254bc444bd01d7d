/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The sockets of the proxies in this folder: 127.0.0.1 only. */
#ifndef PROXY_H
#define PROXY_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zsplice.h>

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static struct sockaddr_in port_at_home(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* A listening socket; the port 0 stands for any. Prints which it is. */
static int listen_at(const char *port)
{
	struct sockaddr_in name = port_at_home(port);
	socklen_t len = sizeof name;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&name, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &len) != 0)
		die("cannot listen");
	fprintf(stderr, "listening at 127.0.0.1:%d\n", ntohs(name.sin_port));
	return fd;
}

/* A socket that is being connected: a duplex waits until it is. */
static int connect_to(const char *port)
{
	struct sockaddr_in name = port_at_home(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* The next client, and a socket for it that is being connected to `target`; false if there is not both. */
static bool accept_pair(int listener, const char *target, int *client, int *server)
{
	*client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (*client < 0)
		return false;
	*server = connect_to(target);
	if (*server < 0)
		close(*client);
	return *server >= 0;
}

static void reset(int fd)
{
	static const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Where the input failed, the output's peer has to see that it got only a part: its connection is reset. */
static void close_both(const zs_duplex *duplex, int a, int b)
{
	struct zs_result results[2];

	zs_duplex_result(duplex, results);
	if (results[0].side == ZS_SIDE_IN)
		reset(b);
	if (results[1].side == ZS_SIDE_IN)
		reset(a);
	close(a);
	close(b);
}

#endif
