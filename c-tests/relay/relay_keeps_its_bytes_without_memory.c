/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If the output refuses splice(2) and there is no memory for a buffer, the run fails with ENOMEM. What is in the
 * pipe stays in flight. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_memory.h"

#define FIRST 65536
#define PIECE 100000
#define HELD (4 * PIECE)

static void run(void *argument)
{
	static char bytes[HELD + 1];
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);
	size_t got = 0;

	(void)argument;
	MUST(t_push(it.in, FIRST, 0) == FIRST);
	for (int i = 0; got < FIRST && OK(i < 100); i++) {
		OK(t_relay_run(it.relay, 0) > 0);
		got += t_pull(it.out, FIRST - got, got);
	}
	while (write(it.fd_out, bytes, 4096) > 0)
		;
	for (size_t pushed = 0; pushed < HELD; pushed += PIECE) {
		MUST(t_push(it.in, PIECE, FIRST + pushed) == PIECE);
		OK(t_relay_run(it.relay, 0) > 0);
	}
	MUST(t_relay_result(it.relay).in_flight == HELD);
	t_limit_memory(0);
	t_refuse(SYS_splice, EINVAL);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, ENOMEM);
	T_EQ(t_relay_result(it.relay).side, ZS_SIDE_CALL);
	T_EQ(t_relay_result(it.relay).in_flight, HELD);
	if (T_EQ(zs_relay_take(it.relay, bytes, sizeof bytes), HELD))
		OK(t_is_pattern(bytes, HELD, FIRST));
	t_relay_close(&it);
}

int main(void)
{
	T_CHILD(run, NULL);
	return t_done();
}
