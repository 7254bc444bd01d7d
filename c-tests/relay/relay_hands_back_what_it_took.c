/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_relay_take returns what was taken and not delivered, oldest first, even after an error, so that no byte is
 * lost; it no longer counts as in flight. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void another_way(enum t_stream in, enum t_stream out, size_t piece, int dies, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags | ZS_NOSIGPIPE);
	size_t pushed = t_fill_relay(&it), got = 0, back = 0, held;
	char *bytes = malloc(piece + 1);
	struct zs_result result;
	ssize_t n;

	MUST(bytes != NULL);
	bytes[piece] = 'x';
	T_EQ(zs_relay_feed(it.relay, "", 1), 0);
	result = t_relay_result(it.relay);
	held = (size_t)result.in_flight;
	OK(in == T_A_TCP || result.bytes + held - 1 + (size_t)t_bytes_available(it.fd_in) == pushed);
	if (dies) {
		MUST(close(it.out) == 0);
		it.out = -1;
		if (T_EQ(t_relay_run(it.relay, 0), -1))
			OK((errno == EPIPE || errno == ECONNRESET));
		if (T_EQ(t_relay_result(it.relay).side, ZS_SIDE_OUT))
			T_EQ(t_relay_result(it.relay).in_flight, held);
	} else {
		got = t_pull(it.out, SIZE_MAX, 0);
		for (int i = 0; i < 100 && got < result.bytes; i++, t_sleep_ms(1))
			got += t_pull(it.out, SIZE_MAX, got);
		T_EQ(got, result.bytes);
	}
	if (T_EQ(zs_relay_take(it.relay, bytes, 0), 0))
		T_EQ(zs_relay_take(it.relay, NULL, 0), 0);
	errno = 0x5a5a;
	while ((n = zs_relay_take(it.relay, bytes, piece)) > 0) {
		size_t rest = held - back;

		T_EQ((size_t)n, rest < piece ? rest : piece);
		if (back + (size_t)n == held) /* the one that was fed */
			OK(bytes[n - 1] == 0 && t_is_pattern(bytes, (size_t)n - 1, result.bytes + back));
		else
			OK(t_is_pattern(bytes, (size_t)n, result.bytes + back));
		back += (size_t)n;
		T_EQ(t_relay_result(it.relay).in_flight, held - back);
	}
	T_EQ(n, 0);
	T_EQ(errno, 0x5a5a);
	T_EQ(back, held);
	T_EQ(bytes[piece], 'x');
	T_EQ(t_relay_result(it.relay).bytes, result.bytes);
	/* The input goes on right behind that. */
	OK(t_gives_pattern(it.fd_in, (size_t)t_bytes_available(it.fd_in), result.bytes + held - 1));
	T_EQ(zs_relay_take(it.relay, bytes, piece), 0);
	OK(in == T_A_TCP || t_relay_run(it.relay, 0) == (dies ? -1 : ZS_WANT_READ));
	free(bytes);
	t_relay_close(&it);
}

int main(void)
{
	for (int out = 0; out < T_A_PTY; out++)
		for (int dies = 0; dies < 2; dies++) {
			another_way(T_A_UNIX, (enum t_stream)out, 4 << 20, dies, 0);
			another_way(T_A_UNIX, (enum t_stream)out, 1000, dies, ZS_STABLE);
		}
	another_way(T_A_TCP, T_A_UNIX, 777, 0, 0);
	another_way(T_A_TCP, T_A_TCP, 4097, 1, ZS_RELAY_LEVEL);
	return t_done();
}
