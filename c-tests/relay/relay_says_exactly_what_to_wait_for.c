/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A run returns exactly what to wait for: the input has nothing then, the output takes nothing and there are
 * bytes for it. If it is run again only when that is ready, it delivers every byte. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define LEN (in == T_A_PTY || out == T_A_PTY ? 20000 : 150000)

static void one(enum t_stream in, enum t_stream out, unsigned int flags, zs_pool *pool, uint64_t seed)
{
	struct t_relay it = t_relay(in, out, LEN, pool, flags);
	size_t pushed = 0, got = 0, len = LEN, largest = (size_t)1 << (4 + t_below(&seed, 14));
	int wanted = ZS_WANT_RUN, stalled = 0, runs = 0, vain = 0, moved = 0;
	int may_read = flags & ZS_RELAY_LEVEL;
	struct zs_result before = t_relay_result(it.relay), after;

	while (wanted != 0 && stalled < 200) {
		/* Writes some bytes to the input and reads some from the output. */
		if (t_one_in(&seed, 2))
			pushed += t_push(it.in, t_below(&seed, largest < len - pushed ? largest + 1 : len - pushed + 1),
					 pushed);
		if (t_one_in(&seed, 2 + (unsigned int)t_below(&seed, 3)))
			got += t_pull(it.out, t_below(&seed, largest * 2), got);
		if (wanted != ZS_WANT_RUN && !(wanted & ZS_WANT_READ && t_ready(it.fd_in, POLLIN))
		    && !(wanted & ZS_WANT_WRITE && t_ready(it.fd_out, POLLOUT))) {
			stalled++;
			if (stalled > 20)
				pushed += t_push(it.in, len - pushed, pushed), got += t_pull(it.out, len, got);
			if (stalled > 50)
				t_sleep_ms(1);
			continue;
		}
		stalled = 0;
		wanted = t_relay_run(it.relay, t_one_in(&seed, 4) ? 1 + t_below(&seed, 10000) : 0);
		after = t_relay_result(it.relay);
		moved = after.bytes != before.bytes || after.in_flight != before.in_flight;
		before = after;
		runs++;
		vain += !moved;
		if (!OK(wanted >= 0) || wanted == 0 || wanted == ZS_WANT_RUN)
			continue;
		/* Terminals and TCP work in the background, and may just be doing so. */
		if (wanted & ZS_WANT_READ && !may_read && in != T_A_PTY && in != T_A_TCP)
			OK(!(t_ready(it.fd_in, POLLIN) & POLLIN));
		if (wanted & ZS_WANT_WRITE && out != T_A_PTY && out != T_A_TCP)
			OK(!(t_ready(it.fd_out, POLLOUT) & POLLOUT));
		if (wanted & ZS_WANT_WRITE && in != T_A_PIPE && out != T_A_PIPE)
			OK(after.in_flight > 0);
		if (wanted == ZS_WANT_READ)
			T_EQ(after.in_flight, 0);
	}
	T_EQ(wanted, 0);
	T_EQ(before.bytes, len);
	if (!OK(vain <= 8 + runs / 50))
		fprintf(stderr, "... in %s out %s flags %s: %d of %d runs in vain\n", t_stream_name(in),
			t_stream_name(out), t_flag_words(flags), vain, runs);
	for (int i = 0; i < 100 && got < len; i++) {
		got += t_pull(it.out, len - got, got);
		if (got < len)
			t_sleep_ms(1);
	}
	if (!T_EQ(got, len))
		fprintf(stderr, "... in %s out %s flags %s: wanted %s, pushed %zu, got %zu\n",
			t_stream_name(in), t_stream_name(out), t_flag_words(flags), t_want_words(wanted),
			pushed, got);
	t_relay_close(&it);
}

int main(void)
{
	static const unsigned int flags[] = { 0, ZS_RELAY_LEVEL, ZS_STABLE, ZS_STABLE | ZS_RELAY_LEVEL };
	zs_pool *pool = zs_pool_new(1, 0), *small = zs_pool_new(4, 65536);

	MUST(pool && small);
	for (int in = 0; in < T_STREAMS; in++)
		for (int out = 0; out < T_STREAMS; out++)
			for (int i = 0; i < 4; i++)
				one((enum t_stream)in, (enum t_stream)out, flags[i],
				    i % 3 == 0 ? pool : i % 3 == 1 ? small : NULL, (uint64_t)(in * 64 + out * 8 + i));
	zs_pool_free(pool);
	zs_pool_free(small);
	return t_done();
}
