/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poll(2) does not report an input with fewer bytes than its SO_RCVLOWAT as readable. While the output pipe is
 * full the relay waits for that, and then delivers the bytes. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void low(size_t len, unsigned int flags)
{
	struct t_relay it = t_relay(T_A_TCP, T_A_PIPE, ZS_TO_END, NULL, flags);
	size_t filled = t_fill_pipe(it.fd_out);
	int mark = 100;

	MUST(setsockopt(it.fd_in, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark) == 0);
	MUST(t_push(it.in, len, 0) == len);
	while (t_bytes_available(it.fd_in) < (int)len)
		t_sleep_ms(1);
	MUST(!(t_ready(it.fd_in, POLLIN) & POLLIN));
	for (int i = 0; i < 3; i++)
		T_EQ(t_relay_run(it.relay, 0), ZS_WANT_WRITE);
	t_drain(it.out, filled);
	MUST(t_ready(it.fd_out, POLLOUT) & POLLOUT);
	if (T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ))
		T_EQ(t_pull(it.out, len + 1, 0), len);
	T_EQ(t_relay_result(it.relay).bytes, len);
	/* With no byte in the input it waits for the input. */
	(void)t_fill_pipe(it.fd_out);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	t_relay_close(&it);
}

int main(void)
{
	low(1, 0);
	low(99, 0);
	low(10, ZS_RELAY_LEVEL);
	return t_done();
}
