/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Edge-triggered, with both descriptors added once: an end, urgent data or a reset that comes with the last bytes, or
 * at any moment while they are read, is never missed, thousands of times over TCP. An event that came before a run
 * that could not use it (the output was full, the budget used up) is remembered. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define ROUNDS 400

enum what { AN_END, URGENT_DATA, A_RESET, WHATS };

static zs_pool *pool;

static void comes(int fd, enum what what)
{
	if (what == AN_END)
		MUST(shutdown(fd, SHUT_WR) == 0);
	else if (what == URGENT_DATA)
		MUST(send(fd, "!", 1, MSG_OOB) == 1 && write(fd, "rest", 4) == 4);
	else
		t_reset(fd);
}

/* Whether `what` has been noticed, after a run that returned `status`. */
static int is_noticed(struct t_duplex *it, int status, enum what what, size_t len)
{
	struct zs_result results[2];

	t_duplex_results(it->duplex, results);
	if (status <= 0)
		return OK(what == A_RESET && status == -1) && T_EQ(errno, ECONNRESET);
	return what != A_RESET && results[0].bytes == len + (what == URGENT_DATA ? 4 : 0)
		&& (what != AN_END || t_ready(it->far[1], POLLRDHUP));
}

struct thread {
	int fd;
	enum what what;
	unsigned int spins;
};

static void *comes_soon(void *argument)
{
	struct thread *it = argument;

	for (volatile unsigned int i = 0; i < it->spins; i++)
		;
	comes(it->fd, it->what);
	return NULL;
}

/* `moment`: 0: with the data; 1: after epoll_wait(2) has reported the data, before the run; 2: at any time. */
static void once(enum what what, int moment, uint64_t *seed)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_TCP, pool, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	size_t len = t_one_in(seed, 8) ? 1 + (size_t)t_below(seed, 60000) : 1 + (size_t)t_below(seed, 100);
	struct thread soon = { it.far[0], what, (unsigned int)t_below(seed, 20000) };
	unsigned int events[2];
	pthread_t thread;
	int status;

	/* Whatever the first run says, it has drained the socket. */
	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	t_poller_wait(&poller, it.duplex, events, 0);
	len = t_push(it.far[0], len, 0);
	if (moment == 0)
		comes(it.far[0], what);
	if (moment == 2)
		thread = t_thread(comes_soon, &soon);
	if (OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0)) {
		if (moment == 1) {
			OK(!(events[0] & (POLLRDHUP | POLLPRI | POLLHUP | POLLERR)));
			comes(it.far[0], what);
		}
		/* Every event that comes, and nothing but events. */
		while (status = t_duplex_run(it.duplex, events[0], events[1], 0), !is_noticed(&it, status, what, len)) {
			events[0] = events[1] = 0;
			if (status <= 0 || (status == 1 && !OK(t_poller_wait(&poller, it.duplex, events, 2000) > 0)))
				break;
		}
	}
	if (moment == 2)
		t_join(thread);
	if (what == A_RESET)
		it.far[0] = -1;
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* The end comes with data that the output does not take, or that exceed the budget: its event is used up long before
 * the last read. */
static void is_remembered(uint64_t budget, unsigned int flags)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_TCP, pool, flags | ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	size_t pushed = 0, got = 0;
	int status, ended = 0;

	T_EQ(t_duplex_run(it.duplex, events[0], events[1], budget), 1);
	t_nonblock(it.far[0], 1);
	t_nonblock(it.far[1], 1);
	for (int idle = 0; idle < 5 && pushed < (budget ? 50000 : SIZE_MAX);) {
		size_t n = t_push(it.far[0], budget ? 10000 : 1 << 16, pushed);

		pushed += n;
		idle = n ? 0 : idle + 1;
		t_poller_wait(&poller, it.duplex, events, n ? 0 : 20);
		if (!budget)
			T_EQ(t_duplex_run(it.duplex, events[0], events[1], 0) != -1, 1);
	}
	MUST(shutdown(it.far[0], SHUT_WR) == 0);
	/* All that is reported now: no other event reports the end. */
	while (t_poller_wait(&poller, it.duplex, events, 50) > 0) {
		status = t_duplex_run(it.duplex, events[0], events[1], budget);
		OK(status > 0);
	}
	events[0] = events[1] = 0;
	for (int turns = 0; !ended && OK(turns < 100000); turns++) {
		char byte;

		got += t_pull(it.far[1], 100000, got);
		ended = got == pushed && recv(it.far[1], &byte, 1, MSG_PEEK) == 0;
		status = t_duplex_run(it.duplex, events[0], events[1], budget);
		events[0] = events[1] = 0;
		if (status == 1 && !ended)
			t_poller_wait(&poller, it.duplex, events, 20);
	}
	T_EQ(got, pushed);
	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	do
		OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0);
	while ((status = t_duplex_run(it.duplex, events[0], events[1], 0)) > 0);
	T_EQ(status, 0);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* Bytes come, with an event, while the budget delays those that a short read has taken before them. */
static void is_not_taken_for_drained(void)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_TCP, pool, 0);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	unsigned int events[2] = { 0, 0 };
	struct zs_result results[2];
	int status;

	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	t_poller_wait(&poller, it.duplex, events, 0);
	T_EQ(t_push(it.far[0], 100, 0), 100);
	OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0);
	T_EQ(t_duplex_run(it.duplex, events[0], events[1], 10), ZS_WANT_RUN);
	T_EQ(t_push(it.far[0], 50, 100), 50);
	OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0);
	do {
		status = t_duplex_run(it.duplex, events[0], events[1], 10);
		events[0] = events[1] = 0;
	} while (status == ZS_WANT_RUN);
	T_EQ(status, 1);
	t_duplex_results(it.duplex, results);
	T_EQ(results[0].bytes, 150);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	static const char *const names[] = { "an end", "urgent data", "a reset" };
	uint64_t seed = t_seed();

	MUST((pool = zs_pool_new(2, 0)) != NULL);
	for (int round = 0; round < ROUNDS; round++)
		for (int what = 0; what < WHATS; what++)
			for (int moment = 0; moment < 3; moment++) {
				t_scene("%s, moment %d, round %d", names[what], moment, round);
				once((enum what)what, moment, &seed);
			}
	t_scene("an end that the budget delays");
	for (int i = 0; i < 2; i++) {
		is_remembered(7000, i ? ZS_STABLE : 0);
		is_remembered(101, i ? ZS_STABLE : 0);
	}
	t_scene("an end behind a full output");
	is_remembered(0, 0);
	is_remembered(0, ZS_STABLE);
	t_scene("bytes that come while the budget delays others");
	is_not_taken_for_drained();
	zs_pool_free(pool);
	return t_done();
}
