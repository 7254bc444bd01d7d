/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_INTERRUPT a signal that arrives while a copy waits ends it with EINTR, and every byte is
 * accounted for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_blocked.h"

static struct t_blocked_all all;

static int late(void)
{
	struct sigaction action = { .sa_handler = t_count_signal };
	int64_t since;

	MUST(sigaction(SIGUSR1, &action, NULL) == 0);
	t_blocked_start(&all, (struct zs_options){ .flags = ZS_INTERRUPT }, 1);
	t_sleep_ms(T_BLOCKED_MS);
	since = t_now_ms();
	/* The first signal may come between two waits, or shorten a count, and is not noticed then. */
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < all.count; i++)
			if (!__atomic_load_n(&all.of[i].ended, __ATOMIC_SEQ_CST))
				MUST(pthread_kill(all.of[i].thread, SIGUSR1) == 0);
		t_sleep_ms(10);
	}
	t_blocked_join(&all);
	return t_blocked_check(&all, EINTR, since, 0, 50);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	T_IN_TIME(late());
	return t_done();
}
