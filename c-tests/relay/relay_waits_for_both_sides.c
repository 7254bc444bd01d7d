/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay with bytes in flight and room for more waits for both sides. The input stays bulk over a pause, so that
 * all of what comes then is taken. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define FIRST 65536
#define THEN 40000

int main(void)
{
	static const char filler[4096];
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);
	size_t got = 0, filled = 0;
	ssize_t n;

	MUST(t_push(it.in, FIRST, 0) == FIRST);
	for (int i = 0; got < FIRST && OK(i < 100); i++) {
		OK(t_relay_run(it.relay, 0) > 0);
		got += t_pull(it.out, FIRST - got, got);
	}
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	while ((n = write(it.fd_out, filler, sizeof filler)) > 0)
		filled += (size_t)n;
	MUST(errno == EAGAIN);
	for (size_t pushed = 0; pushed < 2 * THEN; pushed += THEN) {
		MUST(t_push(it.in, THEN, FIRST + pushed) == THEN);
		T_EQ(t_relay_run(it.relay, 0), T_ALL);
		T_EQ(t_relay_result(it.relay).in_flight, pushed + THEN);
	}
	t_drain(it.out, filled);
	MUST(shutdown(it.in, SHUT_WR) == 0);
	T_EQ(t_flush(&it, &got), 0);
	T_EQ(got, FIRST + 2 * THEN);
	t_relay_close(&it);
	return t_done();
}
