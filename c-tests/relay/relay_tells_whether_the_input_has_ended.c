/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_relay_has_ended tells a run that has delivered `len` bytes from one at whose input there is no more to come.
 * It asks nobody, and an input that failed has not ended. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void ended(enum t_stream in, uint64_t len, int has_ended)
{
	struct t_relay it = t_relay(in, T_A_UNIX, len, NULL, 0);

	t_scene("%s, len %lld", t_stream_name(in), (long long)len);
	T_EQ(zs_relay_has_ended(it.relay), 0);
	MUST(t_push(it.in, 10, 0) == 10);
	T_EQ(t_relay_run(it.relay, 0), len == 10 ? 0 : ZS_WANT_READ);
	T_EQ(zs_relay_has_ended(it.relay), 0);
	if (in == T_A_PIPE) {
		MUST(close(it.in) == 0);
		it.in = -1;
	} else {
		MUST(shutdown(it.in, SHUT_WR) == 0);
	}
	while (in == T_A_TCP && !(t_ready(it.fd_in, POLLRDHUP) & POLLRDHUP))
		t_sleep_ms(1);
	T_EQ(t_relay_run(it.relay, 0), 0);
	errno = 0x5a5a;
	T_EQ(zs_relay_has_ended(it.relay), has_ended);
	T_EQ(errno, 0x5a5a);
	t_relay_close(&it);
}

static void failed(void)
{
	struct t_relay it = t_relay(T_A_TCP, T_A_UNIX, ZS_TO_END, NULL, 0);

	t_scene("a reset");
	t_reset(it.in);
	it.in = -1;
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(zs_relay_has_ended(it.relay), 0);
	t_relay_close(&it);
}

int main(void)
{
	for (int in = 0; in < T_A_PTY; in++) {
		ended((enum t_stream)in, 10, 0); /* not known: nobody has looked behind them */
		ended((enum t_stream)in, 11, 1);
		ended((enum t_stream)in, ZS_TO_END, 1);
	}
	failed();
	errno = 0;
	T_EQ(zs_relay_has_ended(NULL), -1);
	T_EQ(errno, EFAULT);
	return t_done();
}
