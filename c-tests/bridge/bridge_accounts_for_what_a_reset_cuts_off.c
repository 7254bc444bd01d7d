/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A side resets the connection while the other is slow: `bytes` counts what was delivered, `in_flight` what was
 * taken and not delivered, and the delivered bytes are the first ones. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void *resets(void *argument)
{
	struct t_side *side = argument;
	static __thread char bytes[400000];

	t_pattern(bytes, sizeof bytes, 0);
	t_nonblock(side->far_out, 1);
	MUST(write(side->far_out, bytes, sizeof bytes) > 0);
	t_sleep_ms(20);
	t_reset(side->far_in);
	return NULL;
}

static void cut_off(enum t_side_kind other, int nonblock, int turned, uint32_t flags)
{
	static char got[1 << 20];
	struct zs_result results[2];
	struct t_side a, b, *side = turned ? &b : &a, *to = turned ? &a : &b;
	const struct zs_result *result = &results[turned];
	pthread_t thread;
	size_t len;

	t_side(side, T_BY_TCP, nonblock, 0, 0);
	t_side(to, other, nonblock, 0, 1);
	thread = t_thread(resets, side);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = flags, .timeout_ns = T_MS(400)), -1);
	T_EQ(errno, ECONNRESET);
	t_join(thread);
	/* What came before the reset still waits for its slow reader when the time is over. */
	OK(result->error == ECONNRESET || result->error == ETIMEDOUT);
	T_EQ(results[!turned].error, ECONNRESET);
	if (other == T_BY_PIPES)
		MUST(close(to->out) == 0);
	else
		MUST(shutdown(to->out, SHUT_WR) == 0);
	len = t_read(to->far_in, got, sizeof got);
	if (T_EQ(len, result->bytes))
		OK(t_is_pattern(got, len, 0));
	OK(len > 0 && len + result->in_flight <= 400000);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(to->far_in) == 0);
	MUST(other != T_BY_PIPES || close(to->far_out) == 0);
}

int main(void)
{
	for (int i = 0; i < 8; i++) {
		cut_off(T_BY_UNIX, i & 1, i >> 1 & 1, i >> 2 ? ZS_STABLE : 0);
		cut_off(T_BY_PIPES, i & 1, i >> 1 & 1, i >> 2 ? ZS_STABLE : 0);
	}
	return t_done();
}
