/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* timeout_ns ends a copy at once, whatever it waits for: ETIMEDOUT, with every byte accounted for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_blocked.h"

static struct t_blocked_all all;

static int late(void)
{
	t_blocked_start(&all, (struct zs_options){ .timeout_ns = T_MS(T_BLOCKED_MS) }, 1);
	t_blocked_join(&all);
	return t_blocked_check(&all, ETIMEDOUT, 0, T_BLOCKED_MS, T_BLOCKED_MS);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	T_IN_TIME(late());
	return t_done();
}
