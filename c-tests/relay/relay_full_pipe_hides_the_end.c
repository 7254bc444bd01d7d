/* While what it holds is full the input's end, or its reset, goes unseen: it waits for the output only,
 * and finds out once there is room. */
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
		if (!OK((wanted = t_relay_run(it.relay, 0)) == ZS_WANT_WRITE))
			fprintf(stderr, "... in %d out %d reset %d flags %#x: %d\n", in, out, with_reset, flags, wanted);
	wanted = t_flush(&it, &got);
	result = t_relay_result(it.relay);
	if (with_reset) { /* which may throw away what the kernel had not handed on */
		OK(wanted == -1 && errno == ECONNRESET && result.error == ECONNRESET);
		OK(result.side == ZS_SIDE_IN && result.in_flight == 0 && got == result.bytes);
	} else {
		OK(wanted == 0 && got == pushed && result.bytes == pushed);
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
