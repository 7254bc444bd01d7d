/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reset by the peer of the input is an error after the bytes that came before it, and stays one.
 * zs_relay_take returns what was not delivered. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void reset(enum t_stream out, size_t len, unsigned int flags)
{
	struct t_relay it = t_relay(T_A_TCP, out, ZS_TO_END, NULL, flags);
	struct zs_result result;
	size_t got = 0, pushed;
	char byte;

	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	pushed = t_push(it.in, len, 0);
	t_reset(it.in);
	it.in = -1;
	t_sleep_ms(1);
	T_EQ(t_flush(&it, &got), -1);
	T_EQ(errno, ECONNRESET);
	for (int i = 0; i < 3; i++) {
		result = t_relay_result(it.relay);
		OK(T_IS(result, .bytes = pushed, .copied = result.copied, .via = result.via, .side = ZS_SIDE_IN,
			.error = ECONNRESET));
		T_EQ(t_relay_run(it.relay, 0), -1);
		T_EQ(errno, ECONNRESET);
	}
	T_EQ(got, pushed);
	T_EQ(zs_relay_take(it.relay, &byte, 1), 0);
	T_EQ(read(it.out, &byte, 1), -1);
	T_EQ(errno, EAGAIN);
	t_relay_close(&it);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 8, 16384, 30000 };

	for (int out = 0; out < T_STREAMS; out++)
		for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
			reset((enum t_stream)out, lens[i], 0);
			reset((enum t_stream)out, lens[i], ZS_STABLE);
			reset((enum t_stream)out, lens[i], ZS_RELAY_LEVEL);
			reset((enum t_stream)out, lens[i], ZS_RELAY_SHUTDOWN);
		}
	return t_done();
}
