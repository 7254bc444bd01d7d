/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of zs_duplex: one duplex between two sides, and every kind of poller. Include after t.h. */
#ifndef T_DUPLEX_H
#define T_DUPLEX_H

#include "t_relay.h"
#include "t_uring.h"

#define T_EDGES (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET)

/* far[0] <-> fd[0], duplex, fd[1] <-> far[1]. */
struct t_duplex {
	int fd[2], far[2];
	zs_duplex *duplex;
};

static inline void t_duplex_pair(enum t_stream kind, int *near, int *far)
{
	int fds[2];

	t_stream(kind, fds);
	*near = fds[0];
	*far = fds[1];
	t_nonblock(*near, 1);
}

static inline struct t_duplex t_duplex(enum t_stream a, enum t_stream b, zs_pool *pool, unsigned int flags)
{
	struct t_duplex it;

	t_duplex_pair(a, &it.fd[0], &it.far[0]);
	t_duplex_pair(b, &it.fd[1], &it.far[1]);
	MUST((it.duplex = zs_duplex_new(it.fd[0], it.fd[1], pool, flags)) != NULL);
	return it;
}

static inline void t_duplex_results(const zs_duplex *duplex, struct zs_result results[2])
{
	int before = errno;

	results[0] = results[1] = t_unwritten();
	zs_duplex_result(duplex, results);
	T_EQ(errno, before);
}

/* What is wanted of a side. */
static inline unsigned int t_wanted(const zs_duplex *duplex, int side)
{
	unsigned int events[2] = { 0xa5a5, 0xa5a5 };
	int before = errno;

	zs_duplex_wants(duplex, &events[0], &events[1]);
	T_EQ(errno, before);
	OK(!((events[0] | events[1]) & ~(unsigned int)(POLLIN | POLLOUT)));
	return events[side];
}

/* Runs the duplex, and checks that what it returns, errno, the results and what it wants agree. */
static inline int t_duplex_run(zs_duplex *duplex, unsigned int events_a, unsigned int events_b, uint64_t budget)
{
	struct zs_result before[2], after[2];
	int status, error;

	t_duplex_results(duplex, before);
	errno = 0x5a5a;
	status = zs_duplex_run(duplex, events_a, events_b, budget);
	error = errno;
	t_duplex_results(duplex, after);
	OK(status == -1 || status == 0 || status == 1 || status == ZS_WANT_RUN);
	if (status == -1)
		OK(error > 0 && (error == after[0].error || error == after[1].error));
	else
		T_EQ(error, 0x5a5a);
	for (int i = 0; i < 2; i++) {
		OK(after[i].bytes - before[i].bytes <= (budget ? budget : 1 << 20));
		OK(after[i].copied <= after[i].bytes && (after[i].error != 0 || after[i].side == 0));
		if (status == 0)
			OK(after[i].error == 0 && after[i].in_flight == 0);
	}
	/* A run that waits for nothing would wait for ever. */
	OK(status != 1 || t_wanted(duplex, 0) || t_wanted(duplex, 1));
	OK(status == 1 || status == ZS_WANT_RUN || !(t_wanted(duplex, 0) | t_wanted(duplex, 1)));
	errno = error;
	return status;
}

/* Frees the duplex, and closes what is still open. */
static inline void t_duplex_close(struct t_duplex *it)
{
	zs_duplex_free(it->duplex);
	for (int i = 0; i < 2; i++) {
		MUST(close(it->fd[i]) == 0);
		if (it->far[i] >= 0)
			MUST(close(it->far[i]) == 0);
	}
}

/* The ways to wait. */
enum t_poller { T_POLL, T_LEVEL, T_EDGE, T_ONESHOT, T_URING_MULTI, T_URING_ONESHOT, T_POLLERS };

static inline const char *t_poller_name(enum t_poller kind)
{
	static const char *const names[] = {
		[T_POLL] = "poll(2)",
		[T_LEVEL] = "level-triggered epoll",
		[T_EDGE] = "edge-triggered epoll",
		[T_ONESHOT] = "one-shot epoll",
		[T_URING_MULTI] = "multishot polls of io_uring",
		[T_URING_ONESHOT] = "one-shot polls of io_uring",
	};

	return names[kind];
}

/* A poller of the two sides of a duplex. */
struct t_poller_of {
	enum t_poller kind;
	int fd[2], epoll;
	unsigned int set[2]; /* what the epoll set, or a poll of the ring, has been asked for */
	struct t_uring ring;
	long woken;
};

static inline struct t_poller_of t_poller(enum t_poller kind, const int fd[2])
{
	struct t_poller_of it = { .kind = kind, .fd = { fd[0], fd[1] }, .epoll = -1 };

	if (kind == T_URING_MULTI || kind == T_URING_ONESHOT)
		it.ring = t_uring(16);
	else if (kind != T_POLL)
		MUST((it.epoll = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	if (kind == T_EDGE)
		for (int i = 0; i < 2; i++)
			MUST(epoll_ctl(it.epoll, EPOLL_CTL_ADD, fd[i], &(struct epoll_event){ T_EDGES, { .fd = i } }) == 0);
	return it;
}

static inline void t_poller_close(struct t_poller_of *it)
{
	if (it->epoll >= 0)
		MUST(close(it->epoll) == 0);
	else if (it->kind != T_POLL)
		t_uring_close(&it->ring);
}

/* Has the epoll set ask for exactly `wanted` of a side. A one-shot entry asks once, so it is asked each time. */
static inline void t_poller_ask_epoll(struct t_poller_of *it, int side, unsigned int wanted)
{
	struct epoll_event event = { wanted | (it->kind == T_ONESHOT ? EPOLLONESHOT : 0), { .fd = side } };
	int op = !it->set[side] ? EPOLL_CTL_ADD : wanted ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

	if (it->kind == T_ONESHOT ? !wanted : it->set[side] == wanted)
		return;
	MUST(epoll_ctl(it->epoll, op, it->fd[side], &event) == 0);
	it->set[side] = wanted;
}

/* A one-shot poll that completed without what it asked for has to become a multishot one: see zs_duplex(3). */
static inline void t_poller_ask_ring(struct t_poller_of *it, int side, unsigned int wanted)
{
	unsigned int bits[2] = { POLLIN, POLLOUT };

	if (it->kind == T_URING_MULTI) {
		if (!it->set[side])
			t_uring_poll_multi(&it->ring, it->fd[side], POLLIN | POLLOUT | POLLRDHUP | POLLPRI,
					   (uint64_t)(side * 4));
		it->set[side] = 1;
		return;
	}
	for (int i = 0; i < 2; i++)
		if (wanted & bits[i] & ~it->set[side]) {
			t_uring_poll(&it->ring, it->fd[side], bits[i], (uint64_t)side * 4 + (uint64_t)i);
			it->set[side] |= bits[i];
		}
}

static inline int t_poller_reap(struct t_poller_of *it, unsigned int events[2])
{
	unsigned int bits[2] = { POLLIN, POLLOUT };
	struct io_uring_cqe done;
	int reported = 0;

	while (t_uring_next(&it->ring, &done)) {
		int side = (int)(done.user_data / 4), i = (int)(done.user_data % 4);

		if (!OK(done.res > 0))
			continue;
		if (!(done.flags & IORING_CQE_F_MORE))
			it->set[side] &= it->kind == T_URING_MULTI ? 0 : ~bits[i];
		if (it->kind == T_URING_ONESHOT && !(done.res & (int)(bits[i] | POLLERR | POLLHUP))) {
			if (!(done.flags & IORING_CQE_F_MORE)) {
				it->set[side] |= bits[i];
				t_uring_poll_multi(&it->ring, it->fd[side], bits[i], done.user_data);
			}
			continue;
		}
		events[side] |= (unsigned int)done.res;
		reported++;
	}
	return reported;
}

/* Waits for what the duplex wants; stores what is reported of each side. Returns how many events there were, 0 if
 * there was none for `ms` milliseconds. (A ring waits for ever.) */
static inline int t_poller_wait(struct t_poller_of *it, const zs_duplex *duplex, unsigned int events[2], int ms)
{
	struct epoll_event list[4];
	struct pollfd fds[2];
	int count = 0;

	events[0] = events[1] = 0;
	for (int i = 0; i < 2; i++) {
		unsigned int wanted = t_wanted(duplex, i);

		fds[i] = (struct pollfd){ wanted ? it->fd[i] : -1, (short)wanted, 0 };
		if (it->kind == T_LEVEL || it->kind == T_ONESHOT)
			t_poller_ask_epoll(it, i, wanted);
		if (it->kind == T_URING_MULTI || it->kind == T_URING_ONESHOT)
			t_poller_ask_ring(it, i, wanted);
	}
	it->woken++;
	if (it->kind == T_POLL) {
		while ((count = poll(fds, 2, ms)) < 0)
			MUST(errno == EINTR);
		events[0] = (unsigned short)fds[0].revents;
		events[1] = (unsigned short)fds[1].revents;
	} else if (it->epoll >= 0) {
		/* A ring that was closed before may still interrupt us. */
		while ((count = epoll_wait(it->epoll, list, 4, ms)) < 0)
			MUST(errno == EINTR);
		for (int i = 0; i < count; i++)
			events[list[i].data.fd] |= list[i].events;
	} else {
		while (!(count = t_poller_reap(it, events)))
			t_uring_wait(&it->ring);
	}
	return count;
}

/* Runs the duplex with these events, and then to the end of both directions, waiting as the poller does. Returns
 * what the last run returned. `*vain` counts the runs that moved nothing and were not the last. */
static inline int t_duplex_go_on(zs_duplex *duplex, unsigned int events[2], struct t_poller_of *poller, long *runs,
				 long *vain)
{
	struct zs_result before[2], after[2];
	int status;

	for (;;) {
		t_duplex_results(duplex, before);
		status = t_duplex_run(duplex, events[0], events[1], 0);
		t_duplex_results(duplex, after);
		++*runs;
		*vain += status > 0 && !memcmp(before, after, sizeof before);
		if (status <= 0)
			return status;
		events[0] = events[1] = 0;
		if (status == 1 && !OK(t_poller_wait(poller, duplex, events, 20000) > 0))
			return status;
	}
}

/* The same from the beginning. */
static inline int t_duplex_drive(zs_duplex *duplex, struct t_poller_of *poller, long *runs, long *vain)
{
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };

	return t_duplex_go_on(duplex, events, poller, runs, vain);
}

#endif
