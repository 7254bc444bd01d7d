/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Beyond zs_pool_limit no relay borrows a pipe: it copies through a buffer, until one comes back. Those that
 * have one keep it, and a relay that is freed returns its own. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

enum { RELAYS = 5 };

/* Bulk through each, with a reader that has stopped. How many descriptors that takes. */
static int fill(struct t_relay *relays, zs_pool *pool, int count)
{
	int before;

	for (int i = 0; i < count; i++)
		relays[i] = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);
	before = t_open_descriptors();
	for (int i = 0; i < count; i++) {
		MUST(t_fill_relay(&relays[i]) > 0);
		OK(t_relay_result(relays[i].relay).in_flight > 0);
	}
	return t_open_descriptors() - before;
}

static void limited(size_t limit, int pipes)
{
	struct t_relay relays[RELAYS];
	zs_pool *pool;
	int before = t_open_descriptors();

	t_scene("limit %zu", limit);
	MUST((pool = zs_pool_new(0, 0)) != NULL);
	errno = 0x5a5a;
	zs_pool_limit(pool, limit);
	T_EQ(errno, 0x5a5a);
	T_EQ(fill(relays, pool, RELAYS), 2 * pipes);
	/* A lower limit takes no pipe away. */
	zs_pool_limit(pool, 1);
	T_EQ(t_open_descriptors(), before + 4 * RELAYS + 2 * pipes);
	zs_pool_limit(pool, limit);
	for (int i = 0; i < RELAYS; i++)
		t_relay_close(&relays[i]);
	T_EQ(t_open_descriptors(), before);
	/* All are back. */
	T_EQ(fill(relays, pool, RELAYS), 2 * pipes);
	for (int i = 0; i < RELAYS; i++)
		t_relay_close(&relays[i]);
	zs_pool_free(pool);
	T_EQ(t_open_descriptors(), before);
}

int main(void)
{
	limited(0, RELAYS);
	limited(1, 1);
	limited(3, 3);
	limited(SIZE_MAX, RELAYS);
	zs_pool_limit(NULL, 1);
	return t_done();
}
