/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* read(2) meets the reset of an input before write(2) would meet an output pipe without a reader: the relay fails with
 * that, and raises no SIGPIPE. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void dead(void *flags)
{
	struct t_relay it = t_relay(T_A_TCP, T_A_PIPE, ZS_TO_END, NULL, *(unsigned int *)flags);

	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	MUST(close(it.out) == 0);
	it.out = -1;
	t_reset(it.in);
	it.in = -1;
	MUST(poll(&(struct pollfd){ .fd = it.fd_in, .events = POLLRDHUP }, 1, 5000) == 1);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_result(it.relay).side, ZS_SIDE_IN);
	t_relay_close(&it);
}

int main(void)
{
	static unsigned int flags[] = { 0, ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_LEVEL };

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		T_CHILD(dead, &flags[i]);
	return t_done();
}
