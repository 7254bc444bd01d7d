/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay whose reader has stopped holds pipe_size bytes at most, whatever the kernel packs into a slot of a
 * pipe, and what was fed to it. What is held and what came before arrives unchanged. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void held(enum t_stream in, size_t pipe_size, int with_pool, uint32_t flags, size_t fed)
{
	static char bytes[100000];
	const size_t bound = (pipe_size ? pipe_size : 1 << 20) + fed;
	struct zs_result result;
	zs_pool *pool = NULL;
	struct t_relay it;
	uint64_t sent = 0;

	t_scene("%s, pipe_size %zu, pool %d, flags %#x, fed %zu", t_stream_name(in), pipe_size, with_pool, flags, fed);
	if (with_pool)
		MUST((pool = zs_pool_new(2, pipe_size)) != NULL);
	it = t_relay(in, T_A_TCP, ZS_TO_END, pool, flags);
	t_pattern(bytes, fed, 0);
	T_EQ(zs_relay_feed(it.relay, bytes, fed), 0);
	sent += fed;
	for (int idle = 0; idle < 20;) {
		size_t more = t_push(it.in, 1 << 20, sent);

		sent += more;
		OK(zs_relay_run(it.relay, 0) >= 0);
		result = t_relay_result(it.relay);
		if (!OK(result.in_flight <= bound))
			fprintf(stderr, "... %llu in flight\n", (unsigned long long)result.in_flight);
		idle = more ? 0 : idle + 1;
		if (idle)
			t_sleep_ms(1);
	}
	OK(result.in_flight > 0);
	MUST(in == T_A_PIPE ? close(it.in) == 0 : shutdown(it.in, SHUT_WR) == 0);
	if (in == T_A_PIPE)
		it.in = -1;
	for (uint64_t got = 0; got < sent;) {
		size_t some;

		OK(zs_relay_run(it.relay, 0) >= 0);
		some = t_pull(it.out, sent - got, got);
		got += some;
		if (some == 0)
			t_sleep_ms(1);
	}
	T_EQ(t_relay_run(it.relay, 0), 0);
	T_EQ(t_relay_result(it.relay).bytes, sent);
	t_relay_close(&it);
	zs_pool_free(pool);
}

int main(void)
{
	static const size_t sizes[] = { 0, 4096, 65536, 100000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		held(T_A_TCP, sizes[i], 1, 0, 0);
		held(T_A_UNIX, sizes[i], 1, 0, 50000);
		held(T_A_UNIX, sizes[i], 1, ZS_STABLE, 0);
	}
	held(T_A_TCP, 0, 0, 0, 0);
	held(T_A_UNIX, 0, 0, 0, 100000);
	return t_done();
}
