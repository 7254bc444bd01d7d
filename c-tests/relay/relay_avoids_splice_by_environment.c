/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZSPLICE_AVOID=splice splice(2) is not tried, and no pipe is made. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void avoids(void *argument)
{
	(void)argument;
	t_deny(SYS_splice, T_KILLED);
	t_deny(SYS_tee, T_KILLED);
	t_deny(SYS_pipe2, T_KILLED);
	t_deny(T_SYS_SENDFILE, T_KILLED);
	for (int round = 0; round < 2; round++) {
		struct t_relay it = t_relay(T_A_UNIX, round ? T_A_TCP : T_A_UNIX, ZS_TO_END, NULL, 0);
		size_t pushed = t_fill_relay(&it), got = 0;

		MUST(shutdown(it.in, SHUT_WR) == 0);
		T_EQ(t_flush(&it, &got), 0);
		for (int i = 0; got < pushed && i < 100; i++, t_sleep_ms(1))
			got += t_pull(it.out, SIZE_MAX, got);
		if (T_EQ(got, pushed))
			T_EQ(t_relay_result(it.relay).via, ZS_VIA_READ_WRITE);
		T_EQ(t_relay_result(it.relay).copied, pushed);
		t_relay_close(&it);
	}
}

int main(void)
{
	MUST(setenv("ZSPLICE_AVOID", "splice", 1) == 0);
	T_CHILD(avoids, NULL);
	return t_done();
}
