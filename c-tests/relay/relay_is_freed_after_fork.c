/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After a fork in the middle of a transfer the child frees its handles, and the parent continues undisturbed. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static struct t_relay one, two;
static zs_pool *pool;

static void child(void *argument)
{
	(void)argument;
	zs_relay_free(two.relay);
	zs_relay_free(one.relay);
	zs_pool_free(pool);
}

static void flush_all(struct t_relay *it, size_t pushed)
{
	size_t got = 0;

	MUST(shutdown(it->in, SHUT_WR) == 0);
	T_EQ(t_flush(it, &got), 0);
	for (int i = 0; got < pushed && i < 100; i++, t_sleep_ms(1))
		got += t_pull(it->out, SIZE_MAX, got);
	T_EQ(got, pushed);
	t_relay_close(it);
}

int main(void)
{
	size_t first, second;

	MUST((pool = zs_pool_new(4, 0)) != NULL);
	one = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);
	two = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, ZS_STABLE);
	zs_relay_pair(one.relay, two.relay);
	first = t_fill_relay(&one);
	second = t_fill_relay(&two);
	T_CHILD(child, NULL);
	flush_all(&one, first);
	flush_all(&two, second);
	zs_pool_free(pool);
	return t_done();
}
