/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The run that meets the end of the input checks its output, even with nothing to deliver: if that is broken,
 * the peer may not have received what was sent before, so the run fails. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void ends(enum t_stream in, enum t_stream out, size_t sent, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags | ZS_NOSIGPIPE);
	int error = out == T_A_TCP ? ECONNRESET : EPIPE;
	struct zs_result result;

	MUST(t_push(it.in, sent, 0) == sent);
	for (int i = 0; t_relay_result(it.relay).bytes < sent && i < 1000; i++) {
		if (in == T_A_TCP)
			(void)poll(&(struct pollfd){ .fd = it.fd_in, .events = POLLIN }, 1, 1000);
		T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	}
	if (out == T_A_TCP) {
		t_reset(it.out);
		while (!(t_ready(it.fd_out, 0) & POLLHUP))
			t_sleep_ms(1);
	} else {
		MUST(close(it.out) == 0);
	}
	it.out = -1;
	MUST(close(it.in) == 0);
	it.in = -1;
	while (!t_ready(it.fd_in, POLLIN | POLLRDHUP))
		t_sleep_ms(1);
	for (int i = 0; i < 2; i++) {
		T_EQ(t_relay_run(it.relay, 0), -1);
		T_EQ(errno, error);
		result = t_relay_result(it.relay);
		T_EQ(result.side, ZS_SIDE_OUT);
		T_EQ(result.bytes, sent);
		T_EQ(result.in_flight, 0);
	}
	t_relay_close(&it);
}

int main(void)
{
	for (int in = 0; in < T_A_PTY; in++)
		for (int i = 0; i < 8; i++) {
			unsigned int flags = (i & 1 ? ZS_RELAY_SHUTDOWN : 0) | (i & 2 ? ZS_RELAY_LEVEL : 0)
				| (i & 4 ? ZS_STABLE : 0);

			ends((enum t_stream)in, T_A_TCP, 0, flags);
			ends((enum t_stream)in, T_A_TCP, 5, flags);
			ends((enum t_stream)in, T_A_PIPE, 5, flags);
		}
	return t_done();
}
