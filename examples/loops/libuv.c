/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A proxy in libuv's event loop: forwards connections from one port to another, both at 127.0.0.1.
 *
 *     cc -std=c11 libuv.c $(pkg-config --cflags --libs zsplice libuv) -o proxy
 *     ./proxy LISTEN CONNECT */
#define _GNU_SOURCE 1
#include "proxy.h"
#include <zsplice.h>

#include <poll.h>
#include <uv.h>

struct connection {
	int fds[2];
	uv_poll_t polls[2];
	uv_idle_t again;
	zs_duplex *duplex;
	int handles; /* that are not closed yet */
};

static const char *target;
static zs_pool *pool;

static void closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->handles > 0)
		return;
	close_both(connection->duplex, connection->fds[0], connection->fds[1]);
	zs_duplex_free(connection->duplex);
	free(connection);
}

static void finish(struct connection *connection)
{
	uv_close((uv_handle_t *)&connection->polls[0], closed);
	uv_close((uv_handle_t *)&connection->polls[1], closed);
	uv_close((uv_handle_t *)&connection->again, closed);
}

static void run(struct connection *connection, unsigned int events_a, unsigned int events_b);

static void happened(uv_poll_t *poll, int status, int events)
{
	struct connection *connection = poll->data;
	unsigned int bits = (events & UV_READABLE ? POLLIN : 0) | (events & UV_WRITABLE ? POLLOUT : 0);

	if (status < 0)
		bits = ZS_EVENTS_ALL;
	run(connection, poll == &connection->polls[0] ? bits : 0, poll == &connection->polls[1] ? bits : 0);
}

static void go_on(uv_idle_t *idle)
{
	run(idle->data, 0, 0);
}

/* uv_poll is level-triggered: it is to watch for what is wanted, and for nothing else. */
static void watch(uv_poll_t *poll, unsigned int wanted)
{
	if (wanted)
		uv_poll_start(poll, (wanted & POLLIN ? UV_READABLE : 0) | (wanted & POLLOUT ? UV_WRITABLE : 0), happened);
	else
		uv_poll_stop(poll);
}

static void run(struct connection *connection, unsigned int events_a, unsigned int events_b)
{
	unsigned int wanted_a, wanted_b;

	switch (zs_duplex_run(connection->duplex, events_a, events_b, 0)) {
	case 1:
		zs_duplex_wants(connection->duplex, &wanted_a, &wanted_b);
		watch(&connection->polls[0], wanted_a);
		watch(&connection->polls[1], wanted_b);
		uv_idle_stop(&connection->again);
		break;
	case ZS_WANT_RUN: uv_idle_start(&connection->again, go_on); break;
	default: finish(connection); /* 0: both have ended; -1: errno says why not */
	}
}

static void serve(int client, int server, zs_duplex *duplex)
{
	struct connection *connection = calloc(1, sizeof *connection);

	if (connection == NULL || duplex == NULL)
		die("cannot serve");
	connection->duplex = duplex;
	connection->fds[0] = client;
	connection->fds[1] = server;
	connection->handles = 3;
	for (int i = 0; i < 2; i++) {
		uv_poll_init(uv_default_loop(), &connection->polls[i], connection->fds[i]);
		connection->polls[i].data = connection;
	}
	uv_idle_init(uv_default_loop(), &connection->again);
	connection->again.data = connection;
	run(connection, ZS_EVENTS_ALL, ZS_EVENTS_ALL);
}

static void accepts(uv_poll_t *listener, int status, int events)
{
	uv_os_fd_t fd;
	int client, server;

	(void)status, (void)events;
	if (uv_fileno((uv_handle_t *)listener, &fd) == 0 && accept_pair(fd, target, &client, &server))
		serve(client, server, zs_duplex_new(client, server, pool, ZS_NOSIGPIPE));
}

int main(int argc, char **argv)
{
	uv_poll_t listener;

	if (argc != 3 || (pool = zs_pool_new(16, 0)) == NULL)
		return EXIT_FAILURE;
	target = argv[2];
	uv_poll_init(uv_default_loop(), &listener, listen_at(argv[1]));
	uv_poll_start(&listener, UV_READABLE, accepts);
	return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
