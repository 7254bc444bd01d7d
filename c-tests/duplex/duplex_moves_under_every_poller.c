/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every byte and both ends arrive, whichever way the program waits: by poll(2), by epoll (edge-triggered with both
 * descriptors added once and never modified), by polls of io_uring. It is rarely woken in vain. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"
#include "t_bridge.h"

static void move(enum t_poller kind, enum t_side_kind from, enum t_side_kind to, size_t gives, size_t takes, int small,
		 zs_pool *pool, unsigned int flags)
{
	struct zs_result results[2];
	struct t_poller_of poller;
	struct t_side a, b;
	zs_duplex *duplex;
	long runs = 0, vain = 0;

	t_scene("%s, from a %s to a %s, %zu and %zu bytes%s, flags %s", t_poller_name(kind), t_side_kind_name(from),
		t_side_kind_name(to), gives, takes, small ? " in small buffers" : "", t_flag_words(flags));
	t_side(&a, from, 1, gives, small);
	t_side(&b, to, 1, takes, small);
	a.delay_ms = 2;
	a.pause_us = b.pause_us = small ? 10 : 0;
	poller = t_poller(kind, (int[]){ a.in, b.in });
	MUST((duplex = zs_duplex_new(a.in, b.in, pool, flags)) != NULL);
	t_side_start(&a);
	t_side_start(&b);
	T_EQ(t_duplex_drive(duplex, &poller, &runs, &vain), 0);
	T_EQ(zs_duplex_run(duplex, ZS_EVENTS_ALL, 0, 0), 0);
	t_duplex_results(duplex, results);
	T_EQ(results[0].bytes, gives);
	T_EQ(results[1].bytes, takes);
	/* An end without bytes, an event of the other direction, and what an edge-triggered poller tells
	 * besides. */
	if (!OK(vain <= 50 + runs / 2))
		fprintf(stderr, "... %ld of %ld runs in vain\n", vain, runs);
	zs_duplex_free(duplex);
	t_poller_close(&poller);
	T_EQ(t_side_got(&a), takes);
	T_EQ(t_side_got(&b), gives);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(2, 65536);

	MUST(pool != NULL);
	for (int kind = 0; kind < T_POLLERS; kind++)
		for (int pair = 0; pair < 4; pair++) {
			enum t_side_kind from = pair / 2 ? T_BY_TCP : T_BY_UNIX, to = pair % 2 ? T_BY_TCP : T_BY_UNIX;
			/* TCP with buffers of one page waits for its timers. */
			int small = from != T_BY_TCP && to != T_BY_TCP;

			move((enum t_poller)kind, from, to, 1000001, 300000, 0, pool, ZS_NOSIGPIPE);
			move((enum t_poller)kind, from, to, 50000, 100, small, NULL, 0);
			move((enum t_poller)kind, from, to, 30000, 400000, 0, pair % 2 ? pool : NULL, ZS_STABLE);
			move((enum t_poller)kind, from, to, 0, 1, 0, NULL, 0);
		}
	zs_pool_free(pool);
	return t_done();
}
