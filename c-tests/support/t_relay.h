/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of relays: one relay between two streams; the test has the far ends of both. Include after t.h. */
#ifndef T_RELAY_H
#define T_RELAY_H

#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include <sys/epoll.h>

#define T_ALL (ZS_WANT_READ | ZS_WANT_WRITE)

/* in -> fd_in, relay, fd_out -> out. */
struct t_relay {
	int in, fd_in, fd_out, out;
	zs_relay *relay;
};

static inline struct t_relay t_relay_fds(enum t_stream in, enum t_stream out)
{
	struct t_relay it = { 0 };
	int fds[2];

	t_stream(in, fds);
	it.fd_in = fds[0];
	it.in = fds[1];
	t_stream(out, fds);
	it.fd_out = fds[1];
	it.out = fds[0];
	t_nonblock(it.in, 1);
	t_nonblock(it.fd_in, 1);
	t_nonblock(it.fd_out, 1);
	t_nonblock(it.out, 1);
	return it;
}

static inline struct t_relay t_relay(enum t_stream in, enum t_stream out, uint64_t len, zs_pool *pool,
				     unsigned int flags)
{
	struct t_relay it = t_relay_fds(in, out);

	MUST((it.relay = zs_relay_new(it.fd_in, it.fd_out, len, pool, flags)) != NULL);
	return it;
}

static inline struct zs_result t_relay_result(const zs_relay *relay)
{
	struct zs_result result = t_unwritten();
	int before = errno;

	zs_relay_result(relay, &result);
	T_EQ(errno, before);
	for (size_t i = 0; i < sizeof result.spare / sizeof *result.spare; i++)
		T_EQ(result.spare[i], 0);
	return result;
}

/* Runs the relay, and checks that errno, the result and what it waits for agree. */
static inline int t_relay_run(zs_relay *relay, uint64_t budget)
{
	struct zs_result before = t_relay_result(relay), after;
	int wanted;

	errno = 0x5a5a;
	wanted = zs_relay_run(relay, budget);
	after = t_relay_result(relay);
	OK(wanted >= -1 && wanted <= 7 && (wanted & ZS_WANT_RUN ? wanted == ZS_WANT_RUN || wanted == -1 : 1));
	if (wanted == -1) {
		T_EQ(errno, after.error);
		OK(after.error > 0);
	} else {
		T_EQ(errno, 0x5a5a);
		T_EQ(after.error, 0);
	}
	OK(wanted == -1 || after.side == 0);
	OK(wanted != 0 || after.in_flight == 0);
	OK(after.bytes - before.bytes <= (budget ? budget : 1 << 20) && after.copied <= after.bytes);
	return wanted;
}

/* Frees the relay and closes all descriptors that are still open. */
static inline void t_relay_close(struct t_relay *it)
{
	zs_relay_free(it->relay);
	if (it->in >= 0)
		MUST(close(it->in) == 0);
	if (it->out >= 0)
		MUST(close(it->out) == 0);
	MUST(close(it->fd_in) == 0 && close(it->fd_out) == 0);
}

/* Writes up to `len` bytes of the pattern from `from` on, as many as fit without waiting. Returns how many. */
static inline size_t t_push(int fd, size_t len, uint64_t from)
{
	char bytes[4096];
	size_t done = 0;

	while (done < len) {
		size_t piece = len - done < sizeof bytes ? len - done : sizeof bytes;
		ssize_t n;

		t_pattern(bytes, piece, from + done);
		n = write(fd, bytes, piece);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

/* Reads up to `len` bytes without waiting, and checks that they are the pattern from `from` on. Returns how
 * many. */
static inline size_t t_pull(int fd, size_t len, uint64_t from)
{
	char bytes[4096];
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, bytes, len - done < sizeof bytes ? len - done : sizeof bytes);

		if (n <= 0 || !OK(t_is_pattern(bytes, (size_t)n, from + done)))
			break;
		done += (size_t)n;
	}
	return done;
}

static inline int t_is_tcp(int fd)
{
	int domain;
	socklen_t len = sizeof domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_INET;
}

/* Writes to the input and runs the relay until the output takes no more. Returns how many bytes went in. (TCP
 * takes a little more after a delayed acknowledgement.) */
static inline size_t t_fill_relay(struct t_relay *it)
{
	int patience = t_is_tcp(it->fd_in) || t_is_tcp(it->fd_out) ? 7 : 2;
	size_t pushed = 0;

	for (int idle = 0; idle < patience;) {
		size_t n = t_push(it->in, 1 << 20, pushed);

		pushed += n;
		if (zs_relay_run(it->relay, 0) < 0)
			break;
		idle = n ? 0 : idle + 1;
		if (!n && patience > 2)
			t_sleep_ms(12);
	}
	return pushed;
}

/* Runs the relay and reads its output until it is done or fails. `*got` counts the bytes of the pattern that
 * have arrived, earlier ones included. Returns what the last run returned. */
static inline int t_flush(struct t_relay *it, size_t *got)
{
	for (int turns = 0;; turns++) {
		int wanted = t_relay_run(it->relay, 0), error = errno;
		struct pollfd both[2] = { { .fd = wanted & ZS_WANT_READ ? it->fd_in : -1, .events = POLLIN },
					  { .fd = it->out, .events = POLLIN } };

		*got += t_pull(it->out, SIZE_MAX, *got);
		errno = error;
		if (wanted <= 0 || !OK(turns < 1000000))
			return wanted;
		if (!(wanted & ZS_WANT_RUN) && !t_ready(it->fd_out, POLLOUT))
			MUST(poll(both, 2, 1000) >= 0);
	}
}

/* Two peers of a connection in bulk: the server sends as much as it can, the client resets after so many reads. */
struct t_bulk_peers {
	int client, server;
	unsigned int reads;
};

static inline void *t_reads_and_resets(void *argument)
{
	static char bytes[1 << 16];
	struct t_bulk_peers *it = argument;

	for (unsigned int i = 0; i < it->reads; i++)
		if (read(it->client, bytes, sizeof bytes) <= 0)
			break;
	t_reset(it->client);
	return NULL;
}

static inline void *t_sends_bulk(void *argument)
{
	static char bytes[1 << 18];
	struct t_bulk_peers *it = argument;

	while (send(it->server, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

#endif
