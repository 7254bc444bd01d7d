/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a relay waits for fits the one-shot polls of io_uring(7): both directions of a connection, driven by
 * these alone, deliver every byte and pass on both ends, and are rarely woken in vain. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_bridge.h"
#include "t_uring.h"

struct way {
	zs_relay *relay;
	int in, out, wanted, asked;
};

static struct t_uring ring;
static long runs, vain;

static void asks(struct way *way, int which)
{
	for (int bit = ZS_WANT_READ; bit <= ZS_WANT_WRITE && way->wanted > 0; bit <<= 1)
		if (way->wanted & bit && !(way->asked & bit)) {
			int reads = bit == ZS_WANT_READ;

			t_uring_poll(&ring, reads ? way->in : way->out, reads ? POLLIN : POLLOUT,
				     (uint64_t)(which * 4 + bit));
			way->asked |= bit;
		}
}

/* Runs one direction, `which` of the two, until it has to wait, and then polls for what it waits for. */
static void run(struct way *way, int which)
{
	struct zs_result before, after;

	do {
		before = t_relay_result(way->relay);
		way->wanted = t_relay_run(way->relay, 0);
		after = t_relay_result(way->relay);
		runs++;
		vain += way->wanted > 0 && after.bytes == before.bytes && after.in_flight == before.in_flight;
	} while (way->wanted == ZS_WANT_RUN);
	OK(way->wanted >= 0);
	asks(way, which);
}

static void both(enum t_side_kind from, enum t_side_kind to, size_t gives, size_t takes, int small, zs_pool *pool,
		 unsigned int flags)
{
	struct way ways[2] = { { 0 }, { 0 } };
	struct io_uring_cqe completion;
	struct t_side a, b;

	t_side(&a, from, 1, gives, small);
	t_side(&b, to, 1, takes, small);
	a.delay_ms = 5;
	a.pause_us = b.pause_us = small ? 10 : 0;
	for (int i = 0; i < 2; i++) {
		ways[i] = (struct way){ .in = i ? b.in : a.in, .out = i ? a.out : b.out };
		ways[i].relay = zs_relay_new(ways[i].in, ways[i].out, ZS_TO_END, pool, flags | ZS_RELAY_SHUTDOWN);
		MUST(ways[i].relay != NULL);
	}
	zs_relay_pair(ways[0].relay, ways[1].relay);
	t_side_start(&a);
	t_side_start(&b);
	runs = vain = 0;
	run(&ways[0], 0);
	run(&ways[1], 1);
	while (ways[0].wanted > 0 || ways[1].wanted > 0) {
		t_uring_wait(&ring);
		while (t_uring_next(&ring, &completion)) {
			int which = (int)(completion.user_data / 4), bit = (int)(completion.user_data % 4);
			struct way *way = &ways[which];

			OK(completion.res > 0);
			way->asked &= ~bit;
			if (!(way->wanted & bit))
				continue;
			/* POLLHUP after the end of the peer's stream cannot be masked, and says nothing about
			 * an output. */
			if (bit == ZS_WANT_WRITE && completion.res == POLLRDHUP) {
				usleep(200);
				asks(way, which);
				continue;
			}
			run(way, which);
		}
	}
	if (T_EQ(t_relay_result(ways[0].relay).bytes, gives))
		T_EQ(t_relay_result(ways[1].relay).bytes, takes);
	/* A completion may be from before another one had the relay run. */
	if (!OK(vain <= 50 + runs / 4))
		fprintf(stderr, "... %s and %s flags %s: %ld of %ld in vain\n", t_side_kind_name(from),
			t_side_kind_name(to), t_flag_words(flags), vain, runs);
	zs_relay_free(ways[0].relay);
	zs_relay_free(ways[1].relay);
	T_EQ(t_side_got(&a), takes);
	T_EQ(t_side_got(&b), gives);
	/* Polls that are still asked for end with their descriptors. */
	while (ways[0].asked || ways[1].asked) {
		t_uring_wait(&ring);
		while (t_uring_next(&ring, &completion))
			ways[completion.user_data / 4].asked &= ~(int)(completion.user_data % 4);
	}
}

int main(void)
{
	static const unsigned int flags[] = { 0, ZS_RELAY_LEVEL, ZS_STABLE };
	zs_pool *pool = zs_pool_new(2, 65536);

	ring = t_uring(16);
	MUST(pool != NULL);
	for (int pair = 0; pair < T_BY_FILES * T_BY_FILES; pair++) {
		enum t_side_kind from = (enum t_side_kind)(pair / T_BY_FILES);
		enum t_side_kind to = (enum t_side_kind)(pair % T_BY_FILES);
		/* TCP with buffers of one page waits for its timers. */
		int small = from != T_BY_TCP && to != T_BY_TCP;

		for (int i = 0; i < 3; i++) {
			both(from, to, 1000001, 300000, 0, i ? pool : NULL, flags[i]);
			both(from, to, 50000, 100, small, i ? NULL : pool, flags[i]);
		}
	}
	zs_pool_free(pool);
	return t_done();
}
