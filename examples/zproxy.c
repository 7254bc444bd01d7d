/* zproxy - accepts connections at one address and forwards each to another: thousands in one thread,
 * through zsplice.
 *
 *     cc -std=c11 -D_GNU_SOURCE zproxy.c $(pkg-config --cflags --libs zsplice) -o zproxy
 *
 * Two relays make a connection. Sockets are in an edge-triggered epoll set from the first to the last;
 * the relays say which events concern them. SIGTERM or SIGINT: accepts no more, gives the connections
 * that there are a few seconds, and ends; a second one ends it at once.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	EVENTS = 256,        /* taken from epoll at once */
	IDLE_PIPES = 32,     /* kept for whoever needs one next */
	SPARE_FDS = 128,     /* not for connections but for pipes, and ourselves */
	UNIX_ROOM = 1 << 20, /* SO_SNDBUF: with the default of AF_UNIX splice(2) is slow */
	GRACE_SECONDS = 5,   /* for connections that still run at the end */
	RETRY_MS = 5         /* an AF_UNIX server's backlog is full: nothing tells when it no longer is */
};

/* One of the two sockets of a connection, and the direction that begins there. */
struct end {
	struct connection *of;
	struct end *other;
	int fd;
	int wants; /* ZS_WANT_*; 0: this direction is done; -1: it has failed */
	zs_relay *relay;
};

struct connection {
	struct end client, server;
	bool is_connected, is_over, is_queued;
	struct connection *next; /* in the queue */
};

struct address {
	struct sockaddr_storage name;
	socklen_t len;
};

static struct address from, to;
static int epoll, signals, listener = -1;
static bool is_accepting, is_full;
static zs_pool *pool;

/* Who is to be looked after without an event; `is_due`: at once. */
static struct connection *queue;
static bool is_due;

static uint64_t limit, now_open, most_open;

/* Of connections that have ended. */
static struct {
	uint64_t count, failed, sent, answered, copied;
	uint32_t via;
} sum;

static void die(const char *what)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static bool watch(int fd, uint32_t events, void *whose)
{
	struct epoll_event event = { .events = events, .data.ptr = whose };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void enqueue(struct connection *connection, bool at_once)
{
	is_due |= at_once;
	if (!connection->is_queued) {
		connection->is_queued = true;
		connection->next = queue;
		queue = connection;
	}
}

/* The end of a connection */

/* Not freed yet: events that are already here may name it. */
static void finish(struct connection *connection)
{
	connection->is_over = true;
	enqueue(connection, true);
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
	sum.sent += account(&connection->client);
	sum.answered += account(&connection->server);
	zs_relay_free(connection->client.relay);
	zs_relay_free(connection->server.relay);
	close(connection->client.fd);
	close(connection->server.fd);
	free(connection);
	now_open--;
	is_full = false;
}

/* The one peer is to know that the other has been cut off, and not think that this was all. (What has
 * not left yet is lost, as it is without us between the two.) */
static void reset(const struct end *end)
{
	static const struct linger at_once = { .l_onoff = 1 };

	setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void refuse(struct connection *connection)
{
	sum.failed++;
	reset(&connection->client);
	finish(connection);
}

/* Moving bytes */

static void run(struct end *end);

static void failed(struct end *end)
{
	struct zs_result result;

	zs_relay_result(end->relay, &result);
	/* A peer that has gone, with nothing to be sent to it, is no failure. */
	if (end->other->wants >= 0 && (result.error != EPIPE || result.in_flight > 0))
		sum.failed++;
	if (result.side == ZS_SIDE_OUT) {
		/* What it has said before it went is still to be delivered. */
		run(end->other);
	} else {
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
	else if (end->wants & ZS_WANT_RUN)
		enqueue(end->of, true);
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
		refuse(connection);
		return;
	}
	zs_relay_pair(client->relay, server->relay);
	connection->is_connected = true;
	client->wants = server->wants = ZS_WANT_RUN;
	run(client);
	run(server);
}

static void serve(struct end *end, uint32_t events)
{
	struct connection *connection = end->of;
	bool is_bad = events & (EPOLLERR | EPOLLHUP);
	socklen_t len = sizeof(int);
	int error = 0;

	if (connection->is_over)
		return;
	if (connection->is_connected) {
		if (is_bad || (events & EPOLLIN && end->wants & ZS_WANT_READ))
			run(end);
		if (is_bad || (events & EPOLLOUT && end->other->wants & ZS_WANT_WRITE))
			run(end->other);
	} else if (end == &connection->server) {
		if (getsockopt(end->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
			start(connection);
		else
			refuse(connection);
	}
}

/* The beginning of a connection */

static void call(struct connection *connection)
{
	struct end *server = &connection->server;

	/* An event follows when it is connected, or has failed. */
	if (connect(server->fd, (struct sockaddr *)&to.name, to.len) == 0 || errno == EINPROGRESS) {
		if (!watch(server->fd, EPOLLIN | EPOLLOUT | EPOLLET, server))
			refuse(connection);
	} else if (errno == EAGAIN) {
		enqueue(connection, false);
	} else {
		refuse(connection);
	}
}

static void prepare(int fd, int family)
{
	static const int on = 1, room = UNIX_ROOM;

	if (family == AF_UNIX) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	} else {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	}
}

static void welcome(int client)
{
	struct connection *connection = calloc(1, sizeof *connection);
	int server = socket(to.name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sum.count++;
	if (connection == NULL || server < 0) {
		sum.failed++;
		free(connection);
		close(client);
		if (server >= 0)
			close(server);
		return;
	}
	if (++now_open > most_open)
		most_open = now_open;
	prepare(client, from.name.ss_family);
	prepare(server, to.name.ss_family);
	connection->client = (struct end){ connection, &connection->server, client, 0, NULL };
	connection->server = (struct end){ connection, &connection->client, server, 0, NULL };
	if (watch(client, EPOLLIN | EPOLLOUT | EPOLLET, &connection->client))
		call(connection);
	else
		refuse(connection);
}

/* Some, not all: others are to be served meanwhile. */
static void accept_some(void)
{
	for (int i = 0; i < 64 && now_open < limit; i++) {
		int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client >= 0) {
			welcome(client);
		} else if (errno != ECONNABORTED) {
			/* No descriptor: not before one of ours has ended. */
			is_full = (errno == EMFILE || errno == ENFILE) && now_open > 0;
			return;
		}
	}
}

/* Whoever there is no room for waits in the backlog. */
static void accept_or_not(void)
{
	bool is_wanted = listener >= 0 && !is_full && now_open < limit;

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
	is_due = false;
	for (; connection; connection = next) {
		next = connection->next;
		connection->is_queued = false;
		if (connection->is_over) {
			bury(connection);
		} else if (!connection->is_connected) {
			call(connection);
		} else {
			if (connection->client.wants & ZS_WANT_RUN)
				run(&connection->client);
			if (connection->server.wants & ZS_WANT_RUN)
				run(&connection->server);
		}
	}
}

/* Whether to go on: at the first signal for a while, at the second (or when that is over) not. */
static bool interrupted(void)
{
	const struct sockaddr_un *name = (const struct sockaddr_un *)&from.name;
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) < 0)
		return true;
	if (listener < 0)
		return false;
	close(listener);
	listener = -1;
	is_accepting = false;
	if (name->sun_family == AF_UNIX)
		unlink(name->sun_path);
	alarm(GRACE_SECONDS);
	return true;
}

static void loop(void)
{
	static struct epoll_event events[EVENTS];

	while (listener >= 0 || now_open > 0) {
		int count = epoll_wait(epoll, events, EVENTS, !queue ? -1 : is_due ? 0 : RETRY_MS);

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
		serve_queue();
		accept_or_not();
	}
}

/* The command line */

static const char usage[] = "usage: zproxy [-hvV] LISTEN CONNECT\n"
			    "Forwards every connection to LISTEN to CONNECT, each HOST:PORT or unix:PATH.\n"
			    "  -v  tell at the end what went by which mechanism\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

static void misused(const char *what, const char *why)
{
	fprintf(stderr, "zproxy: %s: %s\n", what, why);
	exit(EXIT_FAILURE);
}

static struct address parse(const char *text, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags }, *found;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct address address = { .len = sizeof name };
	char host[256], *port;
	int error;

	if (snprintf(host, sizeof host, "%s", text) >= (int)sizeof host)
		misused(text, "too long");
	if (strncmp(text, "unix:", 5) == 0) {
		if (snprintf(name.sun_path, sizeof name.sun_path, "%s", text + 5) >= (int)sizeof name.sun_path)
			misused(text, "too long");
		memcpy(&address.name, &name, sizeof name);
		return address;
	}
	if ((port = strrchr(host, ':')) == NULL)
		misused(text, "neither HOST:PORT nor unix:PATH");
	*port++ = '\0';
	if ((error = getaddrinfo(*host ? host : NULL, port, &hints, &found)) != 0)
		misused(text, gai_strerror(error));
	memcpy(&address.name, found->ai_addr, found->ai_addrlen);
	address.len = found->ai_addrlen;
	freeaddrinfo(found);
	return address;
}

static void listen_at(const char *text)
{
	static const int on = 1;

	listener = socket(from.name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(listener, (struct sockaddr *)&from.name, from.len) != 0 || listen(listener, SOMAXCONN) != 0)
		die(text);
}

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
		" cut off\n", sum.count, most_open, sum.failed, now_open);
	fprintf(stderr, "zproxy: %" PRIu64 " bytes to the server, %" PRIu64 " back, %" PRIu64 " of all through memory",
		sum.sent, sum.answered, sum.copied);
	for (uint32_t bit = 1; bit <= ZS_VIA_READ_WRITE; bit <<= 1)
		if (sum.via & bit)
			fprintf(stderr, "%s%s", sum.via & (bit - 1) ? ", " : "; by ", zs_via_name(bit));
	fputc('\n', stderr);
}

int main(int argc, char **argv)
{
	unsigned int version = zs_version(), major = version >> 16;
	bool verbose = false;

	for (int option; (option = getopt(argc, argv, "hvV")) != -1;) {
		switch (option) {
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
	from = parse(argv[optind], AI_PASSIVE);
	to = parse(argv[optind + 1], 0);
	make_room();
	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0 || (pool = zs_pool_new(IDLE_PIPES, 0)) == NULL)
		die("cannot begin");
	await_signals();
	listen_at(argv[optind]);
	accept_or_not();
	loop();
	if (verbose)
		tell();
	/* Connections that are cut off end with us, and so does the pool. */
	return EXIT_SUCCESS;
}
