/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) never gets past TCP urgent data, but a bridge does: what comes before and after it gets through. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void *talks(void *argument)
{
	static __thread char bytes[300000];
	const struct t_side *side = argument;

	t_pattern(bytes, sizeof bytes, 0);
	for (size_t at = 0; at < sizeof bytes; at += 100000) {
		t_write(side->far_out, bytes + at, 100000);
		t_send_urgent(side->far_out, side->in);
	}
	MUST(shutdown(side->far_out, SHUT_WR) == 0);
	return NULL;
}

static void urgent(enum t_side_kind to, int nonblock)
{
	struct zs_result results[2];
	struct t_side a, b;
	int64_t cpu = t_cpu_ms();
	pthread_t thread;

	t_side(&a, T_BY_TCP, nonblock, 0, 0);
	t_side(&b, to, nonblock, 100, 0);
	thread = t_thread(talks, &a);
	t_side_start(&b);
	T_EQ(T_BRIDGE(&a, &b, results, 0), 0);
	T_EQ(results[0].bytes, 300000);
	T_EQ(results[1].bytes, 100);
	OK(t_cpu_ms() - cpu < 1000);
	t_join(thread);
	T_EQ(t_side_got(&b), 300000);
	MUST(close(a.in) == 0 && close(a.far_in) == 0);
}

int main(void)
{
	for (int to = 0; to < T_SIDES; to++)
		for (int nonblock = 0; nonblock < 2; nonblock++)
			urgent((enum t_side_kind)to, nonblock);
	return t_done();
}
