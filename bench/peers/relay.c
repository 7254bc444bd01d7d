/* A hand-written proxy with edge-triggered epoll: relay splice|buffer SIZE PORT TO.
 *
 * It is as right about ends as zproxy: an end is passed on after the bytes before it, the other direction goes
 * on, and a FIN that comes with the data is not missed although a short read counts as "drained". What came
 * before a reset is delivered, then both connections are reset. It does not pass urgent data on (splice(2)
 * stops there), does not limit its memory, and makes no log.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* One direction. */
struct way {
	struct way *other;
	int in, out, pipe[2];
	char *kept;        /* bytes that the output did not take */
	size_t held, from; /* how many, and from where in `kept` */
	bool has_more;     /* an end or an error has been reported: read until that is found */
	bool ended, failed, over;
};

static bool splices;
static size_t size;
static char *buffer;
static int pool[64][2], pooled, epoll;

static bool borrow(struct way *way)
{
	if (way->pipe[0] >= 0)
		return true;
	if (pooled > 0) {
		memcpy(way->pipe, pool[--pooled], sizeof way->pipe);
		return true;
	}
	return pipe2(way->pipe, O_NONBLOCK | O_CLOEXEC) == 0 &&
	       fcntl(way->pipe[0], F_SETPIPE_SZ, (int)size) >= (int)size;
}

static void close_pipe(struct way *way)
{
	if (way->pipe[0] >= 0) {
		close(way->pipe[0]);
		close(way->pipe[1]);
	}
	way->pipe[0] = -1;
}

static void give_back(struct way *way)
{
	if (way->pipe[0] < 0 || way->held > 0)
		return;
	if (pooled < 64) {
		memcpy(pool[pooled++], way->pipe, sizeof way->pipe);
		way->pipe[0] = -1;
	} else {
		close_pipe(way);
	}
}

/* The direction is over: nobody gets what is held. */
static void fail(struct way *way)
{
	way->failed = way->over = true;
	way->held = 0;
	close_pipe(way);
}

/* Whether everything is delivered. */
static bool flush(struct way *way)
{
	while (way->held > 0) {
		ssize_t put = splices ? splice(way->pipe[0], NULL, way->out, NULL, way->held, SPLICE_F_NONBLOCK)
				      : send(way->out, way->kept + way->from, way->held, MSG_NOSIGNAL);

		if (put <= 0) {
			if (errno != EAGAIN)
				fail(way);
			return false;
		}
		way->held -= (size_t)put;
		way->from += (size_t)put;
	}
	return true;
}

/* Sends the first `got` bytes of the buffer, and keeps the rest. */
static void send_or_keep(struct way *way, size_t got)
{
	ssize_t put = send(way->out, buffer, got, MSG_NOSIGNAL);

	if (put < 0 && errno != EAGAIN) {
		fail(way);
		return;
	}
	put = put < 0 ? 0 : put;
	if ((size_t)put == got)
		return;
	if (way->kept == NULL)
		way->kept = malloc(size);
	way->held = got - (size_t)put;
	way->from = 0;
	memcpy(way->kept, buffer + put, way->held);
}

/* Whether there may be more. */
static bool take(struct way *way)
{
	ssize_t got;

	if (splices) {
		if (!borrow(way)) {
			fail(way);
			return false;
		}
		got = splice(way->in, NULL, way->pipe[1], NULL, size, SPLICE_F_NONBLOCK);
		if (got > 0)
			way->held = (size_t)got;
	} else if ((got = recv(way->in, buffer, size, 0)) > 0) {
		send_or_keep(way, (size_t)got);
	}
	way->failed |= got < 0 && errno != EAGAIN;
	way->ended |= got == 0 || way->failed;
	/* A short read has drained a TCP socket, unless something else has been reported of it. */
	return got > 0 && (splices || way->has_more || (size_t)got == size);
}

static void move(struct way *way)
{
	while (!way->over && flush(way) && !way->ended && take(way))
		;
	if (splices)
		give_back(way);
	if (way->over || !way->ended || way->held > 0)
		return;
	way->over = true;
	if (way->failed)
		fail(way->other); /* a connection that is reset is so in both directions */
	else
		shutdown(way->out, SHUT_WR);
}

static void finish(struct way *way)
{
	static const struct linger at_once = { .l_onoff = 1 };
	int fds[] = { way->in, way->out };

	for (int i = 0; i < 2; i++) {
		if (way->failed || way->other->failed)
			setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
		close(fds[i]);
	}
	free(way->kept);
	free(way->other->kept);
	way->kept = way->other->kept = NULL;
	way->in = way->other->in = -1;
}

/* `events` are those of way->in. Nothing else is freed: other events of this turn may name it. */
static void serve(struct way *way, uint32_t events)
{
	struct way *other = way->other;

	if (way->in < 0)
		return;
	way->has_more |= (events & ~(uint32_t)(EPOLLIN | EPOLLOUT)) != 0;
	if (events & ~(uint32_t)EPOLLOUT)
		move(way);
	if (other->held > 0)
		move(other);
	if (way->over && other->over)
		finish(way);
}

static struct sockaddr_in at(const char *port)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port)) };

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return here;
}

static void watch(int fd, void *whose)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
				     .data.ptr = whose };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void welcome(int client, const struct sockaddr_in *to)
{
	struct way *ways = calloc(2, sizeof *ways);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (ways == NULL || connect(server, (const struct sockaddr *)to, sizeof *to) != 0)
		exit(EXIT_FAILURE);
	fcntl(server, F_SETFL, O_NONBLOCK);
	ways[0] = (struct way){ .other = &ways[1], .in = client, .out = server, .pipe = { -1, -1 } };
	ways[1] = (struct way){ .other = &ways[0], .in = server, .out = client, .pipe = { -1, -1 } };
	watch(client, &ways[0]);
	watch(server, &ways[1]);
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = at(argc > 4 ? argv[3] : "0"), to = at(argc > 4 ? argv[4] : "0");
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, client;
	struct epoll_event events[256], event = { .events = EPOLLIN };

	signal(SIGPIPE, SIG_IGN);
	splices = argc > 4 && strcmp(argv[1], "splice") == 0;
	size = argc > 4 ? strtoul(argv[2], NULL, 10) : 0;
	buffer = malloc(size);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (size == 0 || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, 4096) != 0)
		return EXIT_FAILURE;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		int count = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr) {
				serve(events[i].data.ptr, events[i].events);
				continue;
			}
			while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
				welcome(client, &to);
		}
	}
}
