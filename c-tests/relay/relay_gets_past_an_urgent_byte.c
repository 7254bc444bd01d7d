/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) never gets past TCP urgent data; a relay does, in small pieces and in bulk. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void past(enum t_stream out, size_t len, size_t behind, unsigned int flags)
{
	struct t_relay it = t_relay(T_A_TCP, out, ZS_TO_END, NULL, flags);
	size_t pushed = 0, got = 0;

	while (pushed < len) {
		pushed += t_push(it.in, len - pushed, pushed);
		OK(t_relay_run(it.relay, pushed < len ? 0 : 1) >= 0);
		got += t_pull(it.out, SIZE_MAX, got);
	}
	MUST(send(it.in, "!", 1, MSG_OOB) == 1);
	MUST(t_push(it.in, behind, pushed) == behind);
	pushed += behind;
	MUST(shutdown(it.in, SHUT_WR) == 0);
	t_sleep_ms(1);
	T_EQ(t_flush(&it, &got), 0);
	T_EQ(got, pushed);
	T_EQ(t_relay_result(it.relay).bytes, pushed);
	t_relay_close(&it);
}

int main(void)
{
	for (int out = 0; out < T_A_PTY; out++) {
		past((enum t_stream)out, 0, 5, 0);
		past((enum t_stream)out, 10, 0, 0);
		past((enum t_stream)out, 10, 5, ZS_RELAY_LEVEL);
		past((enum t_stream)out, 300000, 5000, 0);
		past((enum t_stream)out, 300000, 0, ZS_STABLE);
		past((enum t_stream)out, 300000, 20000, ZS_RELAY_LEVEL);
	}
	return t_done();
}
