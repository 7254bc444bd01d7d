/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device that gives as much as the relay takes, into a pipe whose reader leaves: EPIPE, with one SIGPIPE or, with
 * ZS_NOSIGPIPE, none. What splice(2) moves is not taken before. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void leaves(void *argument)
{
	unsigned int flags = *(unsigned int *)argument;
	struct t_relay it = t_relay_fds(T_A_UNIX, T_A_PIPE);
	int zero = open("/dev/zero", O_RDONLY | O_NONBLOCK);
	struct zs_result result;

	MUST(zero >= 0 && signal(SIGPIPE, t_count_signal) != SIG_ERR);
	MUST((it.relay = zs_relay_new(zero, it.fd_out, ZS_TO_END, NULL, flags)) != NULL);
	T_EQ(t_relay_run(it.relay, 32768), ZS_WANT_RUN);
	T_EQ(t_relay_result(it.relay).in_flight, 0);
	MUST(close(it.out) == 0);
	it.out = -1;
	T_EQ(t_relay_run(it.relay, 0), -1);
	result = t_relay_result(it.relay);
	T_EQ(result.error, EPIPE);
	T_EQ(result.side, ZS_SIDE_OUT);
	if (!(flags & ZS_STABLE))
		T_EQ(result.in_flight, 0);
	T_EQ(t_signals, flags & ZS_NOSIGPIPE ? 0 : 1);
	T_EQ(zs_relay_has_ended(it.relay), 0);
	t_relay_close(&it);
}

int main(void)
{
	static unsigned int flags[] = { 0, ZS_NOSIGPIPE, ZS_STABLE, ZS_STABLE | ZS_NOSIGPIPE };

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		T_CHILD(leaves, &flags[i]);
	return t_done();
}
