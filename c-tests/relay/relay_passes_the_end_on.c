/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_RELAY_SHUTDOWN the output is shut down after the last byte, however slow the reader is; without the
 * flag it stays open. The other direction continues. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void ends(enum t_stream in, enum t_stream out, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags);
	size_t pushed = t_fill_relay(&it), got = 0;
	int wanted;
	char byte;

	MUST(in == T_A_PIPE ? close(it.in) == 0 : shutdown(it.in, SHUT_WR) == 0);
	if (in == T_A_PIPE)
		it.in = -1;
	while ((wanted = t_relay_run(it.relay, 10000)) > 0) {
		size_t n = t_pull(it.out, 7000, got);

		got += n;
		if (n == 0)
			t_sleep_ms(1);
	}
	if (T_EQ(wanted, 0))
		T_EQ(t_relay_run(it.relay, 0), 0);
	for (int i = 0; i < 200 && got < pushed; i++) {
		got += t_pull(it.out, SIZE_MAX, got);
		if (got < pushed)
			t_sleep_ms(1);
	}
	T_EQ(got, pushed);
	t_sleep_ms(1);
	if (flags & ZS_RELAY_SHUTDOWN && out != T_A_PIPE)
		T_EQ(read(it.out, &byte, 1), 0);
	else
		OK(read(it.out, &byte, 1) == -1 && errno == EAGAIN);
	if (in != T_A_PIPE && out != T_A_PIPE) { /* the way back */
		MUST(write(it.out, "back", 4) == 4);
		t_sleep_ms(1);
		T_EQ(t_bytes_available(it.fd_out), 4);
	}
	t_relay_close(&it);
}

int main(void)
{
	for (int in = 0; in < T_A_PTY; in++)
		for (int out = 0; out < T_A_PTY; out++) {
			ends((enum t_stream)in, (enum t_stream)out, 0);
			ends((enum t_stream)in, (enum t_stream)out, ZS_RELAY_SHUTDOWN);
		}
	return t_done();
}
