/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zproxy - accepts connections at one address and forwards each to another: thousands in one thread,
 * through zsplice.
 *
 *     cc -std=c11 zproxy.c $(pkg-config --cflags --libs zsplice) -o zproxy
 *
 * A connection has two relays, one for each direction. Its sockets stay in one edge-triggered epoll set
 * from beginning to end, and the relays say which events concern them.
 *
 * SIGTERM or SIGINT stops accepting. Open connections have a few seconds to end, then they are reset; a
 * second signal resets them at once. The exit status is 0 if none had to be reset. */
#define _GNU_SOURCE 1
#include <zsplice.h>

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
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
	SPARE_FDS = 128,         /* descriptors that are not for connections but for pipes and ourselves */
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

struct address {
	struct sockaddr_storage name;
	socklen_t len;
	char text[128];
};

/* One of the two sockets of a connection, and the direction that begins there. */
struct end {
	struct connection *of;
	struct end *other;
	int fd;
	int wants; /* ZS_WANT_*; 0: this direction has ended; -1: it has failed */
	zs_relay *relay;
};

enum state {
	CONNECTING, /* an event tells when the server has answered */
	RETRYING,   /* the backlog of an AF_UNIX server is full */
	RUNNING,    /* the relays move bytes */
	DRAINING,   /* both directions are over; a peer is still to get the last bytes before its reset */
	OVER        /* to be closed and freed after the events at hand, which may name it */
};

struct connection {
	struct end client, server;
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

static struct address listen_at, targets[TARGETS];
static int target_count, epoll, signals, listener = -1;
static struct stat socket_file; /* what bind(2) has made, if LISTEN is an AF_UNIX socket */
static zs_pool *pool;
static bool verbose;

static int64_t connect_ms = CONNECT_SECONDS * 1000, tick_ms = TICK_MS, next_tick;

/* For the next connection, opened before it is accepted: whoever is accepted can be served. */
static int next_server = -1;
static bool is_accepting, is_paused;
static int64_t resume_at;

/* Every connection is in one of two circular lists: those that time moves on, and the others. */
static struct connection waiting = { .previous = &waiting, .next = &waiting };
static struct connection running = { .previous = &running, .next = &running };

/* Connections to be looked after without an event. */
static struct connection *queue;

static uint64_t limit, now_open, most_open;

/* Of connections that are over. */
static struct {
	uint64_t count, failed, cut_off, sent, answered, copied;
	uint32_t via;
} sum;

static void die(const char *what)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

/* As on the command line. */
static void print_name(struct address *address)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&address->name;
	char host[80], port[8];

	if (address->name.ss_family == AF_UNIX)
		snprintf(address->text, sizeof address->text, "unix:%s", local->sun_path);
	else if (getnameinfo((struct sockaddr *)&address->name, address->len, host, sizeof host, port, sizeof port,
			     NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(address->text, sizeof address->text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
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

static uint64_t account(const struct end *end)
{
	struct zs_result result = { 0 };

	if (end->relay)
		zs_relay_result(end->relay, &result);
	sum.copied += result.copied;
	sum.via |= result.via;
	return result.bytes;
}

static void bury(struct connection *connection)
{
	uint64_t sent = account(&connection->client), answered = account(&connection->server);

	sum.sent += sent;
	sum.answered += answered;
	sum.failed += connection->error != 0;
	if (verbose)
		log_end(connection, sent, answered);
	zs_relay_free(connection->client.relay);
	zs_relay_free(connection->server.relay);
	close(connection->client.fd);
	if (connection->server.fd >= 0)
		close(connection->server.fd);
	detach(connection);
	free(connection);
	now_open--;
	is_paused = false;
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
		sum.cut_off++;
	}
}

/* Moving bytes */

static void run(struct end *end);

static void failed(struct end *end)
{
	struct zs_result result;

	zs_relay_result(end->relay, &result);
	if (result.side == ZS_SIDE_OUT) {
		/* A peer that has gone, with nothing to be sent to it, is no failure. */
		bool is_lost = result.error != EPIPE || result.in_flight > 0;

		note(end->of, role(end->other), is_lost ? result.error : 0);
		/* What the peer has said before it went is still to be delivered. */
		run(end->other);
	} else {
		note(end->of, role(end), result.error);
		reset(end->other);
		end->other->wants = -1;
	}
}

/* Moves what can be moved from here to the other end. */
static void run(struct end *end)
{
	if (end->wants <= 0)
		return;
	end->wants = zs_relay_run(end->relay, 0);
	if (end->wants < 0)
		failed(end);
	else if (end->wants == 0)
		note(end->of, role(end), 0);
	else if (end->wants & ZS_WANT_RUN)
		enqueue(end->of);
	if (end->wants <= 0 && end->other->wants <= 0)
		finish(end->of);
}

/* The server is there. */
static void start(struct connection *connection)
{
	struct end *client = &connection->client, *server = &connection->server;

	client->relay = zs_relay_new(client->fd, server->fd, ZS_TO_END, pool, ZS_RELAY_SHUTDOWN);
	server->relay = zs_relay_new(server->fd, client->fd, ZS_TO_END, pool, ZS_RELAY_SHUTDOWN);
	if (client->relay == NULL || server->relay == NULL) {
		refuse(connection, "zproxy", errno);
		return;
	}
	zs_relay_pair(client->relay, server->relay);
	connection->state = RUNNING;
	detach(connection);
	append(&running, connection);
	client->wants = server->wants = ZS_WANT_RUN;
	run(client);
	run(server);
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
		if (!watch(server->fd, EPOLLIN | EPOLLOUT | EPOLLET, server))
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
	bool is_bad = events & (EPOLLERR | EPOLLHUP);

	if (connection->state == RUNNING) {
		if (is_bad || (events & EPOLLIN && end->wants & ZS_WANT_READ))
			run(end);
		if (is_bad || (events & EPOLLOUT && end->other->wants & ZS_WANT_WRITE))
			run(end->other);
	} else if (connection->state < RUNNING && end == &connection->client) {
		look_at_client(connection, is_bad);
	} else if (connection->state == CONNECTING) {
		server_answers(connection);
	}
}

static void welcome(int fd, struct address *peer)
{
	struct connection *connection = calloc(1, sizeof *connection);

	sum.count++;
	if (connection == NULL) {
		reset(&(struct end){ .fd = fd });
		close(fd);
		sum.failed++;
		return;
	}
	if (++now_open > most_open)
		most_open = now_open;
	if (verbose) {
		print_name(peer);
		memcpy(connection->peer, peer->text, sizeof connection->peer - 1);
	}
	prepare(fd, peer->name.ss_family);
	connection->client = (struct end){ connection, &connection->server, fd, 0, NULL };
	connection->server = (struct end){ connection, &connection->client, next_server, 0, NULL };
	next_server = -1;
	connection->began = now();
	connection->deadline = connection->began + connect_ms;
	append(&waiting, connection);
	if (watch(fd, EPOLLIN | EPOLLOUT | EPOLLET, &connection->client))
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
	for (int i = 0; i < 64 && now_open < limit; i++) {
		if (accept_one())
			continue;
		/* No descriptor or no memory: there may be some when a connection has ended, or after a while. */
		is_paused = errno != EAGAIN;
		resume_at = now() + PAUSE_MS;
		return;
	}
}

static void accept_or_not(void)
{
	bool is_wanted = listener >= 0 && !is_paused && now_open < limit;

	if (is_wanted == is_accepting)
		return;
	if (is_wanted ? !watch(listener, EPOLLIN, &listener) : epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL))
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
			if (connection->client.wants & ZS_WANT_RUN)
				run(&connection->client);
			if (connection->server.wants & ZS_WANT_RUN)
				run(&connection->server);
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

/* Whether to go on: at the first signal for a while, at the second (or when that is over) not. */
static bool interrupted(void)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) < 0)
		return true;
	if (listener < 0)
		return false;
	remove_socket_file();
	close(listener);
	listener = -1;
	is_accepting = false;
	alarm(GRACE_SECONDS);
	return true;
}

static int timeout(void)
{
	return queue ? 0 : is_paused || waiting.next != &waiting ? (int)tick_ms : -1;
}

static void loop(void)
{
	static struct epoll_event events[EVENTS];

	while (listener >= 0 || now_open > 0) {
		int count = epoll_wait(epoll, events, EVENTS, timeout());

		for (int i = 0; i < count; i++) {
			/* With thousands of connections none is in the processor's cache: what comes next is fetched
			 * meanwhile. */
			if (i + 1 < count)
				__builtin_prefetch(events[i + 1].data.ptr);
			if (events[i].data.ptr == &signals) {
				if (!interrupted())
					return;
			} else if (events[i].data.ptr == &listener) {
				accept_some();
			} else {
				serve(events[i].data.ptr, events[i].events);
			}
		}
		if (is_paused || waiting.next != &waiting)
			tick();
		serve_queue();
		accept_or_not();
	}
}

/* Addresses */

static void misused(const char *what, const char *why)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

/* HOST:PORT or [HOST]:PORT, taken apart in place: the port. */
static char *split(const char *text, char **host)
{
	char *port = strrchr(*host, ':'), *bracket = strrchr(*host, ']'), *rest;

	if (**host == '[') {
		if (bracket == NULL || bracket[1] != ':')
			misused(text, "not [ADDRESS]:PORT");
		*bracket = '\0';
		++*host;
	} else if (port == NULL) {
		misused(text, "neither HOST:PORT nor unix:PATH");
	} else if (strchr(*host, ':') != port) {
		misused(text, "an IPv6 address is written [ADDRESS]:PORT");
	}
	*port++ = '\0';
	if (*port == '\0')
		misused(text, "no port");
	/* getaddrinfo(3) takes 99999 for 34463. */
	if (strtoul(port, &rest, 10) > 65535 && *rest == '\0')
		misused(text, "no such port");
	return port;
}

static int parse_unix(const char *text, const char *path, struct address *address)
{
	struct sockaddr_un *name = (struct sockaddr_un *)&address->name;

	if (*path == '\0')
		misused(text, "no path");
	if (strlen(path) >= sizeof name->sun_path)
		misused(text, "too long");
	name->sun_family = AF_UNIX;
	strcpy(name->sun_path, path);
	address->len = sizeof *name;
	return 1;
}

/* All addresses that `text` stands for, `most` at the most: how many. */
static int parse(const char *text, int flags, struct address *addresses, int most)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *found;
	char copy[300], *host = copy, *port;
	int count = 0, error;

	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text, text + 5, addresses);
	if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy)
		misused(text, "too long");
	port = split(text, &host);
	if ((error = getaddrinfo(*host ? host : NULL, port, &hints, &found)) != 0)
		misused(text, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
	for (struct addrinfo *one = found; one && count < most; one = one->ai_next, count++) {
		memcpy(&addresses[count].name, one->ai_addr, one->ai_addrlen);
		addresses[count].len = one->ai_addrlen;
	}
	freeaddrinfo(found);
	return count;
}

/* Of an AF_INET or AF_INET6 address. */
static in_port_t *port_of(struct address *address)
{
	return address->name.ss_family == AF_INET ? &((struct sockaddr_in *)&address->name)->sin_port
						  : &((struct sockaddr_in6 *)&address->name)->sin6_port;
}

static bool is_any(const struct address *address)
{
	return address->name.ss_family == AF_INET
		       ? ((const struct sockaddr_in *)&address->name)->sin_addr.s_addr == htonl(INADDR_ANY)
		       : IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&address->name)->sin6_addr);
}

/* Whether it is this machine's: only then bind(2) takes it. */
static bool is_local(struct address address)
{
	int fd = socket(address.name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_ours;

	*port_of(&address) = 0;
	is_ours = fd >= 0 && bind(fd, (struct sockaddr *)&address.name, address.len) == 0;
	if (fd >= 0)
		close(fd);
	return is_ours;
}

/* Whether what is sent to `target` comes in here: each connection would make another. */
static bool is_loop(struct address *target)
{
	const struct sockaddr_un *path = (const struct sockaddr_un *)&target->name;
	int family = target->name.ss_family, own = listen_at.name.ss_family;
	struct stat there;

	if (family == AF_UNIX)
		return own == AF_UNIX && stat(path->sun_path, &there) == 0 && is_same(&there, &socket_file);
	if (own == AF_UNIX || *port_of(target) != *port_of(&listen_at))
		return false;
	/* [::] takes what comes by IPv4, too. */
	if (is_any(&listen_at) && (family == own || own == AF_INET6))
		return is_local(*target);
	return family == own && (is_any(target) || memcmp(&target->name, &listen_at.name, target->len) == 0);
}

/* Whether bind(2) has found the socket of a process that is no more. */
static bool is_stale(void)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&listen_at.name;
	struct stat there;
	bool is_refused;
	int fd;

	if (errno != EADDRINUSE || local->sun_family != AF_UNIX || lstat(local->sun_path, &there) != 0 ||
	    !S_ISSOCK(there.st_mode) || (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return false;
	is_refused = connect(fd, (struct sockaddr *)&listen_at.name, listen_at.len) != 0 && errno == ECONNREFUSED;
	close(fd);
	errno = EADDRINUSE;
	return is_refused;
}

static bool bind_listener(void)
{
	return bind(listener, (struct sockaddr *)&listen_at.name, listen_at.len) == 0;
}

static void begin_to_listen(const char *text)
{
	const struct sockaddr_un *local = (const struct sockaddr_un *)&listen_at.name;
	static const int on = 1;

	listener = socket(listen_at.name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
		die(text);
	if (!bind_listener() && !(is_stale() && unlink(local->sun_path) == 0 && bind_listener()))
		die(text);
	if (listen(listener, SOMAXCONN) != 0)
		die(text);
	if (local->sun_family == AF_UNIX)
		stat(local->sun_path, &socket_file);
	else
		getsockname(listener, (struct sockaddr *)&listen_at.name, &listen_at.len);
	print_name(&listen_at);
	if (verbose)
		fprintf(stderr, "zproxy: listening at %s\n", listen_at.text);
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
		if (is_loop(&targets[i])) {
			remove_socket_file();
			misused(text, "this is where zproxy itself listens");
		}
	}
}

/* The command line */

static const char usage[] = "usage: zproxy [-hvV] [-t SECONDS] LISTEN CONNECT\n"
			    "Forwards every connection to LISTEN to CONNECT, each HOST:PORT, [ADDRESS]:PORT or unix:PATH.\n"
			    "  -t  give up connecting to an address after SECONDS, 5 unless given\n"
			    "  -v  log every connection when it is over, and tell at the end what went by which mechanism\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

/* As many descriptors as we may have, two for each connection. */
static void make_room(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		die("getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		die("setrlimit");
	limit = files.rlim_cur > SPARE_FDS + 2 ? (files.rlim_cur - SPARE_FDS) / 2 : 1;
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
	if (signals < 0 || !watch(signals, EPOLLIN, &signals))
		die("signalfd");
	/* For a whole program cheaper than ZS_NOSIGPIPE. */
	signal(SIGPIPE, SIG_IGN);
}

static void tell(void)
{
	fprintf(stderr, "zproxy: %" PRIu64 " connections, at most %" PRIu64 " at once; %" PRIu64 " failed, %" PRIu64
		" cut off\n", sum.count, most_open, sum.failed, sum.cut_off);
	fprintf(stderr, "zproxy: %" PRIu64 " bytes to the server, %" PRIu64 " back, %" PRIu64 " of all through memory",
		sum.sent, sum.answered, sum.copied);
	for (uint32_t bit = 1; bit <= ZS_VIA_READ_WRITE; bit <<= 1)
		if (sum.via & bit)
			fprintf(stderr, "%s%s", sum.via & (bit - 1) ? ", " : "; by ", zs_via_name(bit));
	fputc('\n', stderr);
}

static int64_t milliseconds(const char *text)
{
	char *rest;
	double seconds = strtod(text, &rest);

	if (rest == text || *rest != '\0' || !(seconds > 0 && seconds < 1e6))
		misused(text, "not a number of seconds");
	return (int64_t)(seconds * 1000) + 1;
}

int main(int argc, char **argv)
{
	unsigned int version = zs_version(), major = version >> 16;

	for (int option; (option = getopt(argc, argv, "t:hvV")) != -1;) {
		switch (option) {
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
	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || (pool = zs_pool_new(IDLE_PIPES, 0)) == NULL)
		die("cannot begin");
	await_signals();
	begin_to_listen(argv[optind]);
	forbid_loops(argv[optind + 1]);
	accept_or_not();
	loop();
	cut_off(&waiting);
	cut_off(&running);
	zs_pool_free(pool);
	if (verbose)
		tell();
	return sum.cut_off ? EXIT_FAILURE : EXIT_SUCCESS;
}
