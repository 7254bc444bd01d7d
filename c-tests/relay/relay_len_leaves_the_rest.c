/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay never takes more than len, so that what follows stays in the input; zs_relay_more lets it continue. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void bounded(enum t_stream in, enum t_stream out, uint64_t len, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, len, NULL, flags | ZS_RELAY_SHUTDOWN);
	size_t there = 40000 < len * 2 ? 40000 : (size_t)len * 2, pushed, got = 0;

	if (in == T_A_PTY)
		there = there < 3000 ? there : 3000;
	pushed = t_push(it.in, there, 0);
	for (int turns = 0; got < (pushed < len ? pushed : len) && turns < 2000; turns++) {
		OK(t_relay_run(it.relay, 0) >= 0);
		got += t_pull(it.out, SIZE_MAX, got);
		if (turns > 1000)
			t_sleep_ms(1);
	}
	T_EQ(got, pushed < len ? pushed : len);
	if (pushed > len) {
		if (T_EQ(t_relay_run(it.relay, 0), 0))
			T_EQ(t_relay_run(it.relay, 0), 0);
		T_EQ(t_bytes_available(it.fd_in), (int)(pushed - len));
		/* The input has not ended, so no end is passed on. */
		T_EQ(zs_relay_more(it.relay, pushed - len), 0);
		T_EQ(t_flush(&it, &got), 0);
		for (int i = 0; i < 100 && got < pushed; i++, t_sleep_ms(1))
			got += t_pull(it.out, SIZE_MAX, got);
		if (T_EQ(got, pushed))
			T_EQ(t_relay_result(it.relay).bytes, pushed);
		if (T_EQ(zs_relay_more(it.relay, ZS_TO_END), 0))
			T_EQ(zs_relay_more(it.relay, ZS_TO_END), 0);
		T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	}
	t_relay_close(&it);
}

int main(void)
{
	static const uint64_t lens[] = { 1, 100, 16383, 16384, 16385, 30001 };

	for (int in = 0; in < T_STREAMS; in++)
		for (int out = 0; out < T_STREAMS; out++)
			for (size_t i = 0; i < sizeof lens / sizeof *lens; i++)
				bounded((enum t_stream)in, (enum t_stream)out, lens[i], i % 2 ? ZS_STABLE : 0);
	return t_done();
}
