/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* While the pipe of a relay is full, the end or the reset of the input is not seen: the relay waits for the
 * output only, and sees it once there is room. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void hides(enum t_stream in, enum t_stream out, int with_reset, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags | ZS_RELAY_SHUTDOWN);
	size_t pushed = t_fill_relay(&it), got = 0;
	struct zs_result result;
	int wanted;

	if (with_reset)
		t_reset(it.in);
	else
		MUST(close(it.in) == 0);
	it.in = -1;
	t_sleep_ms(2);
	for (int i = 0; i < 3; i++)
		if (!T_EQ(wanted = t_relay_run(it.relay, 0), ZS_WANT_WRITE))
			fprintf(stderr, "... in %s out %d reset %d flags %s: %d\n", t_stream_name(in), out,
				with_reset, t_flag_words(flags), wanted);
	wanted = t_flush(&it, &got);
	result = t_relay_result(it.relay);
	if (with_reset) { /* which may drop what the kernel had not passed on */
		T_EQ(wanted, -1);
		T_EQ(errno, ECONNRESET);
		T_EQ(result.error, ECONNRESET);
		T_EQ(result.side, ZS_SIDE_IN);
		T_EQ(result.in_flight, 0);
		T_EQ(got, result.bytes);
	} else {
		T_EQ(wanted, 0);
		T_EQ(got, pushed);
		T_EQ(result.bytes, pushed);
		OK(out == T_A_PIPE || read(it.out, &wanted, 1) == 0);
	}
	t_relay_close(&it);
}

int main(void)
{
	for (int in = 0; in < T_A_PTY; in++)
		for (int out = 0; out < T_A_PTY; out++) {
			hides((enum t_stream)in, (enum t_stream)out, 0, 0);
			hides((enum t_stream)in, (enum t_stream)out, 0, ZS_STABLE | ZS_RELAY_LEVEL);
		}
	for (int out = 0; out < T_A_PTY; out++)
		hides(T_A_TCP, (enum t_stream)out, 1, 0);
	return t_done();
}
