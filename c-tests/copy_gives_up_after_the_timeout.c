/* timeout_ns is noticed at once, whatever is waited for: ETIMEDOUT, with every byte accounted for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_waits.h"

static struct t_waits all;

static int late(void)
{
	t_waits_begin(&all, (struct zs_options){ .timeout_ns = T_MS(T_WAIT_MS) }, 1);
	t_waits_end(&all);
	return t_waits_look(&all, ETIMEDOUT, 0, T_WAIT_MS, T_WAIT_MS);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	T_IN_TIME(late());
	return t_done();
}
