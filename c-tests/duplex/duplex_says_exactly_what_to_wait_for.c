/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After a run that returned 1 the duplex wants to read where nothing is to be read, and to write where nothing can be
 * written. If it is run again only when one of these has come true, with nothing but that as its events, it delivers
 * every byte of both directions, and their ends. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define LEN 100000

static void once(enum t_stream a, enum t_stream b, unsigned int flags, zs_pool *pool, uint64_t seed)
{
	struct t_duplex it = t_duplex(a, b, pool, flags);
	enum t_stream kinds[2] = { a, b };
	size_t pushed[2] = { 0, 0 }, got[2] = { 0, 0 }, largest = (size_t)1 << (4 + t_below(&seed, 13));
	struct zs_result results[2];
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	int status = ZS_WANT_RUN, is_first = 1, stalled = 0, shut[2] = { 0, 0 };

	t_scene("%s and %s, flags %s, seed %llu", t_stream_name(a), t_stream_name(b), t_flag_words(flags),
		(unsigned long long)seed);
	t_nonblock(it.far[0], 1);
	t_nonblock(it.far[1], 1);
	while (status > 0 && OK(stalled < 300)) {
		for (int i = 0; i < 2; i++) {
			size_t most = t_below(&seed, largest + 1), left = LEN - pushed[i];

			if (t_one_in(&seed, 2) || stalled > 20)
				pushed[i] += t_push(it.far[i], most < left ? most : left, pushed[i]);
			if (t_one_in(&seed, 3) || stalled > 20)
				got[i] += t_pull(it.far[i], t_below(&seed, largest * 2), got[i]);
			if (pushed[i] == LEN && !shut[i])
				shut[i] = shutdown(it.far[i], SHUT_WR) == 0;
		}
		for (int i = 0; i < 2 && !is_first; i++) {
			unsigned int wanted = t_wanted(it.duplex, i);

			events[i] = wanted ? (unsigned int)t_ready(it.fd[i], (short)wanted) : 0;
		}
		if (status == 1 && !events[0] && !events[1]) {
			if (++stalled > 50)
				t_sleep_ms(1);
			continue;
		}
		stalled = is_first = 0;
		status = t_duplex_run(it.duplex, events[0], events[1], t_one_in(&seed, 4) ? 1 + t_below(&seed, 9000) : 0);
		/* TCP works in the background, and may just be doing so. */
		for (int i = 0; i < 2 && status == 1; i++)
			if (kinds[i] == T_A_UNIX)
				OK(!(t_ready(it.fd[i], (short)t_wanted(it.duplex, i)) & (POLLIN | POLLOUT)));
		t_duplex_results(it.duplex, results);
		for (int i = 0; i < 2 && status == 1; i++)
			if (t_wanted(it.duplex, !i) & POLLOUT)
				OK(results[i].in_flight > 0);
	}
	T_EQ(status, 0);
	for (int i = 0; i < 2; i++) {
		for (int turn = 0; turn < 100 && got[i] < LEN; turn++)
			got[i] += t_pull(it.far[i], LEN, got[i]);
		T_EQ(got[i], LEN);
		T_EQ(results[i].bytes, LEN);
	}
	t_duplex_close(&it);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0), *small = zs_pool_new(4, 65536);
	uint64_t seed = t_seed();

	MUST(pool && small);
	for (int i = 0; i < 96; i++)
		once(i & 1 ? T_A_TCP : T_A_UNIX, i & 2 ? T_A_TCP : T_A_UNIX, i & 4 ? ZS_STABLE : 0,
		     i % 3 == 0 ? pool : i % 3 == 1 ? small : NULL, seed + (uint64_t)i);
	zs_pool_free(pool);
	zs_pool_free(small);
	return t_done();
}
