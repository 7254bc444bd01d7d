/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes that are fed come after what was taken and before the rest, and do not count towards len. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void feed(struct t_relay *it, size_t len, uint64_t from)
{
	char *bytes = malloc(len + 1);
	uint64_t before = t_relay_result(it->relay).in_flight;

	MUST(bytes != NULL);
	t_pattern(bytes, len, from);
	errno = 0x5a5a;
	T_EQ(zs_relay_feed(it->relay, bytes, len), 0);
	T_EQ(errno, 0x5a5a);
	T_EQ(t_relay_result(it->relay).in_flight, before + len);
	memset(bytes, 0, len);
	free(bytes);
}

/* Before anything is taken. */
static void first(enum t_stream in, enum t_stream out, size_t fed, uint64_t len, zs_pool *pool, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, len, pool, flags);
	size_t got = 0, pushed = fed;

	feed(&it, fed, 0);
	feed(&it, 0, fed);
	T_EQ(zs_relay_feed(it.relay, NULL, 0), 0);
	pushed += t_push(it.in, 3000, fed);
	for (int i = 0; got < fed + (len < 3000 ? len : 3000) && i < 3000; i++) {
		OK(t_relay_run(it.relay, 0) >= 0);
		got += t_pull(it.out, SIZE_MAX, got);
		if (i > 100)
			t_sleep_ms(1);
	}
	T_EQ(got, fed + (len < 3000 ? len : 3000));
	T_EQ(t_relay_run(it.relay, 0), len <= 3000 ? 0 : ZS_WANT_READ);
	if (len > 4000) { /* and once more in the middle */
		feed(&it, 7, got);
		t_push(it.in, 10, got + 7);
		T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
		for (int i = 0; got < pushed + 17 && i < 100; i++, t_sleep_ms(1))
			got += t_pull(it.out, SIZE_MAX, got);
		if (T_EQ(got, pushed + 17))
			T_EQ(t_relay_result(it.relay).bytes, got);
	}
	t_relay_close(&it);
}

/* Behind what is held. */
static void behind(enum t_stream in, enum t_stream out, size_t fed)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, ZS_RELAY_SHUTDOWN);
	size_t pushed = t_fill_relay(&it), got = 0, waits = (size_t)t_bytes_available(it.fd_in);
	size_t taken = pushed - waits, back = waits;
	char *rest = malloc(waits + 1);

	/* The test reads what is in the input and feeds it to the relay, then more arrives: as a program does
	 * that looks at the first bytes. */
	MUST(rest && t_read(it.fd_in, rest, waits) == waits);
	T_EQ(zs_relay_feed(it.relay, rest, back), 0);
	for (size_t i = 0; i < 10; i++)
		feed(&it, fed / 10, taken + back + fed / 10 * i);
	fed = fed / 10 * 10;
	T_EQ(t_push(it.in, 100, pushed + fed), 100);
	MUST(in == T_A_PIPE ? close(it.in) == 0 : shutdown(it.in, SHUT_WR) == 0);
	if (in == T_A_PIPE)
		it.in = -1;
	T_EQ(t_flush(&it, &got), 0);
	for (int i = 0; got < pushed + fed + 100 && i < 100; i++, t_sleep_ms(1))
		got += t_pull(it.out, SIZE_MAX, got);
	T_EQ(got, pushed + fed + 100);
	free(rest);
	t_relay_close(&it);
}

int main(void)
{
	static const size_t sizes[] = { 1, 5, 16384, 65536, 300000 };
	zs_pool *pool = zs_pool_new(2, 0);

	MUST(pool != NULL);
	for (int in = 0; in < T_A_PTY; in++)
		for (int out = 0; out < T_A_PTY; out++)
			for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
				first((enum t_stream)in, (enum t_stream)out, sizes[i], ZS_TO_END, pool, 0);
				first((enum t_stream)in, (enum t_stream)out, sizes[i], ZS_TO_END, NULL, ZS_STABLE);
				first((enum t_stream)in, (enum t_stream)out, sizes[i], 1000, NULL, 0);
				first((enum t_stream)in, (enum t_stream)out, sizes[i], 0, pool, ZS_RELAY_LEVEL);
			}
	for (int in = 0; in < T_A_TCP; in++)
		behind((enum t_stream)in, T_A_UNIX, 50000);
	zs_pool_free(pool);
	return t_done();
}
