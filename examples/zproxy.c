/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zproxy - accepts connections at one address and forwards each to another: thousands in one thread,
 * through zsplice.
 *
 *     cc -std=c11 -pthread zproxy.c $(pkg-config --cflags --libs zsplice) -o zproxy
 *
 * A connection is a duplex. Its sockets stay in one edge-triggered epoll set from beginning to end, and
 * the duplex is run with the events that come.
 *
 * With -j N there are N threads. Each has a listening socket of its own, among which the kernel spreads
 * the connections, an epoll set and a pool of pipes; what is _Thread_local below. They share nothing but
 * the number of open connections and the stage of the end.
 *
 * SIGTERM or SIGINT stops accepting. Open connections have a few seconds to end, then they are reset; a
 * second signal resets them at once. The exit status is 0 if none had to be reset. */
#define _GNU_SOURCE 1
#include "address.h"
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS = 256,            /* taken from epoll at once */
	IDLE_PIPES = 32,         /* kept by the pool for the next relay that needs one */
	SPARE_FDS = 128,         /* descriptors of a thread that are not for connections but for pipes and itself */
	THREADS = 256,           /* at the most */
	TARGETS = 16,            /* addresses of CONNECT that are tried, at the most */
	UNIX_SNDBUF = 1 << 20,   /* with the default of AF_UNIX splice(2) is slow */
	GRACE_SECONDS = 5,       /* for open connections after the first signal */
	CONNECT_SECONDS = 5,     /* for one address, unless -t says otherwise */
	LEFT_MS = 1000,          /* for a connect whose client has closed and sent nothing */
	DRAIN_MS = 2000,         /* for bytes on their way to a peer, before it is reset */
	PAUSE_MS = 100,          /* before accepting again when descriptors have run out */
	TICK_MS = 100,           /* between two looks at connections that wait for time to pass */
	UNIX_TICK_MS = 5         /* the same for AF_UNIX: no event tells when a full backlog has room */
};

/* One of the two sockets of a connection. */
struct end {
	struct connection *of;
	int fd;
};

enum state {
	CONNECTING, /* an event tells when the server has answered */
	RETRYING,   /* the backlog of an AF_UNIX server is full */
	RUNNING,    /* the duplex moves bytes */
	DRAINING,   /* both directions are over; a peer is still to get the last bytes before its reset */
	OVER        /* to be closed and freed after the events at hand, which may name it */
};

struct connection {
	struct end client, server;
	zs_duplex *duplex;
	enum state state;
	int target; /* index of the address that is tried, or connected to */
	int64_t began, deadline;
	bool has_left; /* the client, while the server was not there yet */
	const char *who; /* ended or failed first, for the log */
	int error;       /* of `who`; 0: it has just ended */
	struct connection *previous, *next; /* in `waiting` or `running` */
	bool is_queued;
	struct connection *next_queued;
	char peer[64];
};

/* Of a socket, from beginning to end. */
static const uint32_t ALL_EVENTS = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;

static struct address listen_at, targets[TARGETS];
static int target_count, thread_count = 1, listeners[THREADS];
static struct stat socket_file; /* what bind(2) has made, if LISTEN is an AF_UNIX socket */
static bool verbose;
static int64_t connect_ms = CONNECT_SECONDS * 1000, tick_ms = TICK_MS;

static uint64_t limit; /* for now_open */
static _Atomic uint64_t now_open;

/* How the end comes: what `stage` says, and an eventfd that wakes all threads. */
enum { SERVING, CLOSING, CUTTING_OFF };
static _Atomic int stage;
static int stop = -1;

static int signals; /* for the first thread */
static _Thread_local int epoll, listener;
static _Thread_local zs_pool *pool;

/* For the next connection, opened before it is accepted: whoever is accepted can be served. */
static _Thread_local int next_server = -1;
static _Thread_local bool is_accepting, is_paused;
static _Thread_local int64_t resume_at, next_tick;

/* Every connection is in one of two circular lists: those that time moves on, and the others. */
static _Thread_local struct connection waiting, running;

/* Connections to be looked after without an event. */
static _Thread_local struct connection *queue;

/* Of connections that are over; `sum` of all threads in the end. */
struct sum {
	uint64_t count, failed, cut_off, sent, answered, copied, most_open;
	uint32_t via;
};
static _Thread_local struct sum own;
static struct sum sum;

static void die(const char *what)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* Milliseconds. */
static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool watch(int fd, uint32_t events, void *whose)
{
	struct epoll_event event = { .events = events, .data.ptr = whose };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void enqueue(struct connection *connection)
{
	if (!connection->is_queued) {
		connection->is_queued = true;
		connection->next_queued = queue;
		queue = connection;
	}
}

static void detach(struct connection *connection)
{
	connection->previous->next = connection->next;
	connection->next->previous = connection->previous;
}

static void append(struct connection *list, struct connection *connection)
{
	connection->previous = list->previous;
	connection->next = list;
	list->previous->next = connection;
	list->previous = connection;
}

/* The end of a connection */

/* What the log tells: the first failure, or who has ended first. */
static void note(struct connection *connection, const char *who, int error)
{
	if (connection->who == NULL || (connection->error == 0 && error != 0)) {
		connection->who = who;
		connection->error = error;
	}
}

/* Which wakes all threads. */
static void wake(void)
{
	static const uint64_t one = 1;

	if (write(stop, &one, sizeof one) < 0)
		die("eventfd");
}

static const char *role(const struct end *end)
{
	return end == &end->of->client ? "client" : "server";
}

/* close(2) is going to send a reset: the peer has to see that the transfer was cut off. */
static void reset(const struct end *end)
{
	static const struct linger at_once = { .l_onoff = 1 };

	setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Whether a TCP peer that is there has not acknowledged all bytes yet: a reset would drop these. */
static bool is_owed(const struct end *end)
{
	struct tcp_info info;
	socklen_t len = sizeof info;
	int bytes = 0;

	return getsockopt(end->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_state != TCP_CLOSE &&
	       ioctl(end->fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

static bool is_drained(const struct connection *connection)
{
	return !is_owed(&connection->client) && !is_owed(&connection->server);
}

static void close_soon(struct connection *connection)
{
	connection->state = OVER;
	enqueue(connection);
}

/* Both directions are over. */
static void finish(struct connection *connection)
{
	if (connection->state != RUNNING)
		return;
	if (connection->error == 0 || is_drained(connection)) {
		close_soon(connection);
		return;
	}
	connection->state = DRAINING;
	connection->deadline = now() + DRAIN_MS;
	detach(connection);
	append(&waiting, connection);
}

/* There is no server for this client, or no memory. */
static void refuse(struct connection *connection, const char *who, int error)
{
	note(connection, who, error);
	reset(&connection->client);
	close_soon(connection);
}

static void log_end(const struct connection *connection, uint64_t sent, uint64_t answered)
{
	int64_t took = now() - connection->began;

	fprintf(stderr, "zproxy: %s -> %s: %" PRIu64 " bytes sent, %" PRIu64 " back, %" PRId64 ".%03d s, %s%s%s\n",
		connection->peer, targets[connection->target].text, sent, answered, took / 1000, (int)(took % 1000),
		connection->error ? connection->who : "closed by", connection->error ? ": " : " ",
		connection->error ? strerror(connection->error) : connection->who);
}

static void bury(struct connection *connection)
{
	struct zs_result results[2] = { { 0 }, { 0 } };

	if (connection->duplex)
		zs_duplex_result(connection->duplex, results);
	own.sent += results[0].bytes;
	own.answered += results[1].bytes;
	own.copied += results[0].copied + results[1].copied;
	own.via |= results[0].via | results[1].via;
	own.failed += connection->error != 0;
	if (verbose)
		log_end(connection, results[0].bytes, results[1].bytes);
	zs_duplex_free(connection->duplex);
	close(connection->client.fd);
	if (connection->server.fd >= 0)
		close(connection->server.fd);
	detach(connection);
	free(connection);
	is_paused = false;
	if (atomic_fetch_sub(&now_open, 1) == 1 && stage != SERVING)
		wake();
}

/* The process ends before these connections do. */
static void cut_off(struct connection *list)
{
	for (struct connection *connection; (connection = list->next) != list; bury(connection)) {
		if (connection->state == OVER)
			continue;
		note(connection, "cut off", ECANCELED);
		reset(&connection->client);
		if (connection->server.fd >= 0)
			reset(&connection->server);
		own.cut_off++;
	}
}

/* Moving bytes */

/* How the direction `from` - `to` has ended. */
static void judge(const struct zs_result *result, const struct end *from, const struct end *to)
{
	if (result->error != 0 && result->side == ZS_SIDE_OUT) {
		/* A peer that has gone, with nothing to be sent to it, is no failure. */
		bool is_lost = result->error != EPIPE || result->in_flight > 0;

		note(to->of, role(to), is_lost ? result->error : 0);
	} else if (result->error != 0) {
		note(from->of, role(from), result->error);
		reset(to);
	}
}

/* Both directions are over; the one that failed with `error` did so first. */
static void conclude(struct connection *connection, int error)
{
	const struct end *ends[2] = { &connection->client, &connection->server };
	struct zs_result results[2];
	int first;

	zs_duplex_result(connection->duplex, results);
	first = results[0].error != error;
	judge(&results[first], ends[first], ends[!first]);
	judge(&results[!first], ends[!first], ends[first]);
	note(connection, "both", 0);
	finish(connection);
}

/* Moves what can be moved after these events. */
static void run(struct connection *connection, uint32_t client, uint32_t server)
{
	switch (zs_duplex_run(connection->duplex, client, server, 0)) {
	case 1: break;
	case ZS_WANT_RUN: enqueue(connection); break;
	case 0: conclude(connection, 0); break;
	default: conclude(connection, errno);
	}
}

/* The server is there. */
static void start(struct connection *connection)
{
	connection->duplex = zs_duplex_new(connection->client.fd, connection->server.fd, pool, 0);
	if (connection->duplex == NULL) {
		refuse(connection, "zproxy", errno);
		return;
	}
	if (connection->has_left)
		note(connection, "client", 0);
	connection->state = RUNNING;
	detach(connection);
	append(&running, connection);
	run(connection, ZS_EVENTS_ALL, ZS_EVENTS_ALL);
}

/* The beginning of a connection */

static void prepare(int fd, int family)
{
	static const int on = 1, sndbuf = UNIX_SNDBUF;

	if (family == AF_UNIX) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf);
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
}

static int open_server(const struct address *target)
{
	int fd = socket(target->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		prepare(fd, target->name.ss_family);
	return fd;
}

static void call(struct connection *connection);

/* This address has failed. */
static void call_next(struct connection *connection, int error)
{
	if (connection->target + 1 == target_count) {
		refuse(connection, "connect", error);
		return;
	}
	close(connection->server.fd);
	connection->server.fd = open_server(&targets[++connection->target]);
	if (connection->server.fd < 0) {
		refuse(connection, "connect", errno);
		return;
	}
	connection->deadline = now() + (connection->has_left ? LEFT_MS : connect_ms);
	call(connection);
}

static void call(struct connection *connection)
{
	const struct address *target = &targets[connection->target];
	struct end *server = &connection->server;

	if (connect(server->fd, (const struct sockaddr *)&target->name, target->len) == 0 || errno == EINPROGRESS) {
		connection->state = CONNECTING;
		if (!watch(server->fd, ALL_EVENTS, server))
			refuse(connection, "zproxy", errno);
	} else if (errno == EAGAIN && target->name.ss_family == AF_UNIX) {
		connection->state = RETRYING;
	} else {
		call_next(connection, errno);
	}
}

static void server_answers(struct connection *connection)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(connection->server.fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
		start(connection);
	else
		call_next(connection, error);
}

/* Whether the client is still there, while the server is not yet. One that has closed and sent nothing may
 * have shut down its sending side only: the server has a moment to answer. */
static void look_at_client(struct connection *connection, bool is_bad)
{
	char byte;
	ssize_t got = recv(connection->client.fd, &byte, 1, MSG_PEEK);

	if (is_bad || (got < 0 && errno != EAGAIN)) {
		refuse(connection, "client, not connected yet", 0);
	} else if (got == 0 && !connection->has_left) {
		connection->has_left = true;
		if (connection->deadline > now() + LEFT_MS)
			connection->deadline = now() + LEFT_MS;
	}
}

static void serve(struct end *end, uint32_t events)
{
	struct connection *connection = end->of;
	bool is_client = end == &connection->client;

	if (connection->state == RUNNING) {
		if (events & (EPOLLRDHUP | EPOLLHUP))
			note(connection, role(end), 0);
		run(connection, is_client ? events : 0, is_client ? 0 : events);
	} else if (connection->state < RUNNING && is_client) {
		look_at_client(connection, events & (EPOLLERR | EPOLLHUP));
	} else if (connection->state == CONNECTING) {
		server_answers(connection);
	}
}

static void welcome(int fd, struct address *peer)
{
	struct connection *connection = calloc(1, sizeof *connection);

	uint64_t open;

	own.count++;
	if (connection == NULL) {
		reset(&(struct end){ .fd = fd });
		close(fd);
		own.failed++;
		return;
	}
	open = atomic_fetch_add(&now_open, 1) + 1;
	if (open > own.most_open)
		own.most_open = open;
	if (verbose) {
		print_name(peer);
		memcpy(connection->peer, peer->text, sizeof connection->peer - 1);
	}
	prepare(fd, peer->name.ss_family);
	connection->client = (struct end){ connection, fd };
	connection->server = (struct end){ connection, next_server };
	next_server = -1;
	connection->began = now();
	connection->deadline = connection->began + connect_ms;
	append(&waiting, connection);
	if (watch(fd, ALL_EVENTS, &connection->client))
		call(connection);
	else
		refuse(connection, "zproxy", errno);
}

/* A server's socket comes first, and is kept for the next client if there is none: whoever is accepted is
 * served, and the others wait in the backlog. */
static bool accept_one(void)
{
	struct address peer = { .len = sizeof peer.name };
	int fd;

	if (next_server < 0 && (next_server = open_server(&targets[0])) < 0)
		return false;
	fd = accept4(listener, (struct sockaddr *)&peer.name, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		welcome(fd, &peer);
	return fd >= 0 || errno == ECONNABORTED;
}

/* Some, not all: others are to be served meanwhile. */
static void accept_some(void)
{
	for (int i = 0; i < 64; i++) {
		bool is_full = now_open >= limit;

		if (!is_full && accept_one())
			continue;
		/* No descriptor or no memory: there may be some when a connection has ended, or after a while. */
		is_paused = is_full || errno != EAGAIN;
		resume_at = now() + PAUSE_MS;
		return;
	}
}

static void accept_or_not(void)
{
	bool is_wanted = listener >= 0 && !is_paused;

	if (is_wanted == is_accepting)
		return;
	if (is_wanted ? !watch(listener, EPOLLIN | EPOLLEXCLUSIVE, &listener) : epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL))
		die("epoll_ctl");
	is_accepting = is_wanted;
}

/* The loop */

static void serve_queue(void)
{
	struct connection *connection = queue, *next;

	queue = NULL;
	for (; connection; connection = next) {
		next = connection->next_queued;
		connection->is_queued = false;
		if (connection->state == OVER) {
			bury(connection);
		} else if (connection->state == RUNNING) {
			run(connection, 0, 0);
		}
	}
}

/* Time has passed for those that wait. */
static void serve_waiting(int64_t time)
{
	bool is_full = false; /* the backlog: then for all of them */

	for (struct connection *connection = waiting.next, *next; connection != &waiting; connection = next) {
		next = connection->next;
		if (connection->state == DRAINING) {
			if (time >= connection->deadline || is_drained(connection))
				close_soon(connection);
		} else if (connection->state < RUNNING && time >= connection->deadline) {
			if (connection->has_left)
				refuse(connection, "client, not connected yet", 0);
			else
				call_next(connection, ETIMEDOUT);
		} else if (connection->state == RETRYING && !is_full) {
			call(connection);
			is_full = connection->state == RETRYING;
		}
	}
}

static void tick(void)
{
	int64_t time = now();

	if (time < next_tick)
		return;
	next_tick = time + tick_ms;
	if (is_paused && time >= resume_at)
		is_paused = false;
	serve_waiting(time);
}

/* Unless somebody else listens at this path by now. */
static void remove_socket_file(void)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&listen_at.name;
	struct stat there;

	if (local->sun_family == AF_UNIX && lstat(local->sun_path, &there) == 0 && is_same(&there, &socket_file))
		unlink(local->sun_path);
}

/* The first signal closes the listening sockets; the second, or the end of the grace, everything. */
static void interrupted(void)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) < 0)
		return;
	if (stage == SERVING) {
		remove_socket_file();
		alarm(GRACE_SECONDS);
	}
	stage = stage == SERVING ? CLOSING : CUTTING_OFF;
	wake();
}

static void stop_listening(void)
{
	is_paused = true;
	accept_or_not();
	if (listener >= 0)
		close(listener);
	listener = -1;
}

static int timeout(void)
{
	return queue ? 0 : is_paused || waiting.next != &waiting ? (int)tick_ms : -1;
}

/* An event; false when the open connections are to be cut off. */
static bool handle(void *whose, uint32_t events)
{
	if (whose == &signals)
		interrupted();
	else if (whose == &listener)
		accept_some();
	else if (whose != &stop)
		serve(whose, events);
	else if (stage == CUTTING_OFF)
		return false;
	else if (stage == CLOSING)
		stop_listening();
	return true;
}

static void loop(void)
{
	struct epoll_event events[EVENTS];

	while (listener >= 0 || now_open > 0) {
		int count = epoll_wait(epoll, events, EVENTS, timeout());

		for (int i = 0; i < count; i++) {
			/* With thousands of connections none is in the processor's cache: what comes next is fetched
			 * meanwhile. */
			if (i + 1 < count)
				__builtin_prefetch(events[i + 1].data.ptr);
			if (!handle(events[i].data.ptr, events[i].events))
				return;
		}
		if (is_paused || waiting.next != &waiting)
			tick();
		serve_queue();
		accept_or_not();
	}
}

static void add_up(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	sum.count += own.count;
	sum.failed += own.failed;
	sum.cut_off += own.cut_off;
	sum.sent += own.sent;
	sum.answered += own.answered;
	sum.copied += own.copied;
	sum.via |= own.via;
	if (own.most_open > sum.most_open)
		sum.most_open = own.most_open;
	pthread_mutex_unlock(&lock);
}

/* What a thread does, from beginning to end. */
static void *work(void *its_listener)
{
	listener = *(int *)its_listener;
	waiting.previous = waiting.next = &waiting;
	running.previous = running.next = &running;
	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || (pool = zs_pool_new(IDLE_PIPES, 0)) == NULL)
		die("cannot begin");
	if (!watch(stop, EPOLLIN | EPOLLET, &stop) || (its_listener == listeners && !watch(signals, EPOLLIN, &signals)))
		die("epoll_ctl");
	accept_or_not();
	/* The first thread says it, when it has all that it needs and the others have been started. */
	if (verbose && its_listener == listeners)
		fprintf(stderr, "zproxy: listening at %s\n", listen_at.text);
	loop();
	cut_off(&waiting);
	cut_off(&running);
	zs_pool_free(pool);
	add_up();
	return NULL;
}

/* Addresses */

static int open_listener(bool is_one_of_many)
{
	static const int on = 1;
	int fd = socket(listen_at.name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
		die("socket");
	if (is_one_of_many && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
		die("SO_REUSEPORT");
	return fd;
}

static bool bind_to(int fd)
{
	return bind(fd, (struct sockaddr *)&listen_at.name, listen_at.len) == 0;
}

/* With SO_REUSEPORT bind(2) would not tell that somebody else listens there already. */
static void reserve(const char *text)
{
	int fd = open_listener(false);

	if (!bind_to(fd))
		die(text);
	getsockname(fd, (struct sockaddr *)&listen_at.name, &listen_at.len);
	close(fd);
}

static void begin_to_listen(const char *text)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&listen_at.name;
	bool is_local = local->sun_family == AF_UNIX, is_one_of_many = thread_count > 1 && !is_local;

	if (is_one_of_many)
		reserve(text);
	for (int i = 0; i < thread_count; i++) {
		if (is_local && i > 0) {
			/* The threads wait at one socket. */
			if ((listeners[i] = fcntl(listeners[0], F_DUPFD_CLOEXEC, 0)) < 0)
				die("fcntl");
			continue;
		}
		listeners[i] = open_listener(is_one_of_many);
		if (!bind_to(listeners[i]) &&
		    !(is_stale(&listen_at) && unlink(local->sun_path) == 0 && bind_to(listeners[i])))
			die(text);
		if (listen(listeners[i], SOMAXCONN) != 0)
			die(text);
	}
	if (is_local)
		stat(local->sun_path, &socket_file);
	else
		getsockname(listeners[0], (struct sockaddr *)&listen_at.name, &listen_at.len);
	print_name(&listen_at);
}

static void find_targets(const char *text)
{
	target_count = parse(text, 0, targets, TARGETS);
	for (int i = 0; i < target_count; i++) {
		if (targets[i].name.ss_family == AF_UNIX)
			tick_ms = UNIX_TICK_MS;
		else if (*port_of(&targets[i]) == 0)
			misused(text, "no such port");
		print_name(&targets[i]);
	}
}

static void forbid_loops(const char *text)
{
	for (int i = 0; i < target_count; i++) {
		if (is_loop(&targets[i], &listen_at, &socket_file)) {
			remove_socket_file();
			misused(text, "this is where zproxy itself listens");
		}
	}
}

/* The command line */

static const char usage[] = "usage: zproxy [-hvV] [-j THREADS] [-t SECONDS] LISTEN CONNECT\n"
			    "Forwards every connection to LISTEN to CONNECT, each HOST:PORT, [ADDRESS]:PORT or unix:PATH.\n"
			    "  -j  serve in this many threads; 0: one for each processor\n"
			    "  -t  give up connecting to an address after SECONDS, 5 unless given\n"
			    "  -v  log every connection when it is over, and tell at the end what went by which mechanism\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

/* As many descriptors as we may have, two for each connection. Where there are few, half of them are for connections:
 * those that find no pipe do with a buffer. */
static void make_room(void)
{
	struct rlimit files;
	rlim_t spare = SPARE_FDS * (rlim_t)thread_count;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		die("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		die("setrlimit");
	if (spare > files.rlim_cur / 2)
		spare = files.rlim_cur / 2;
	limit = files.rlim_cur >= 4 ? (files.rlim_cur - spare) / 2 : 1;
}

static void await_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (signals < 0 || stop < 0)
		die("signalfd");
	/* For a whole program cheaper than ZS_NOSIGPIPE. */
	signal(SIGPIPE, SIG_IGN);
}

static void tell(void)
{
	char names[128];

	fprintf(stderr, "zproxy: %" PRIu64 " connections, at most %" PRIu64 " at once; %" PRIu64 " failed, %" PRIu64
		" cut off\n", sum.count, sum.most_open, sum.failed, sum.cut_off);
	fprintf(stderr, "zproxy: %" PRIu64 " bytes to the server, %" PRIu64 " back, %" PRIu64 " of all through memory",
		sum.sent, sum.answered, sum.copied);
	zs_via_names(sum.via, names, sizeof names);
	fprintf(stderr, "%s%s\n", sum.via ? "; by " : "", sum.via ? names : "");
}

static int64_t milliseconds(const char *text)
{
	char *rest;
	double seconds = strtod(text, &rest);

	if (rest == text || *rest != '\0' || !(seconds > 0 && seconds < 1e6))
		misused(text, "not a number of seconds");
	return (int64_t)(seconds * 1000) + 1;
}

static int threads(const char *text)
{
	char *rest;
	long count = strtol(text, &rest, 10);

	if (rest == text || *rest != '\0' || count < 0)
		misused(text, "not a number of threads");
	if (count == 0)
		count = sysconf(_SC_NPROCESSORS_ONLN);
	return count < 1 ? 1 : count > THREADS ? THREADS : (int)count;
}

/* The first thread is this one: a process with one thread makes faster system calls. */
static void work_all(void)
{
	static pthread_t others[THREADS];

	for (int i = 1; i < thread_count; i++)
		if ((errno = pthread_create(&others[i], NULL, work, &listeners[i])) != 0)
			die("pthread_create");
	work(&listeners[0]);
	for (int i = 1; i < thread_count; i++)
		pthread_join(others[i], NULL);
}

int main(int argc, char **argv)
{
	unsigned int version = zs_version(), major = version >> 16;

	for (int option; (option = getopt(argc, argv, "j:t:hvV")) != -1;) {
		switch (option) {
		case 'j': thread_count = threads(optarg); break;
		case 't': connect_ms = milliseconds(optarg); break;
		case 'v': verbose = true; break;
		case 'h': return fputs(usage, stdout) < 0;
		case 'V': return printf("zproxy, zsplice %u.%u.%u\n", major, version >> 8 & 255, version & 255) < 0;
		default: fputs(usage, stderr); return EXIT_FAILURE;
		}
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return EXIT_FAILURE;
	}
	parse(argv[optind], AI_PASSIVE, &listen_at, 1);
	find_targets(argv[optind + 1]);
	make_room();
	await_signals();
	begin_to_listen(argv[optind]);
	forbid_loops(argv[optind + 1]);
	work_all();
	if (verbose)
		tell();
	return sum.cut_off ? EXIT_FAILURE : EXIT_SUCCESS;
}
