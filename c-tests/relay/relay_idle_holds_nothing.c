/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An idle relay holds no pipe, no buffer, and little memory, whatever it has moved before. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include <malloc.h>

#define MANY 10000

static size_t in_use(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static zs_relay *relays[MANY];

static void many(int with_pool)
{
	struct t_relay it = t_relay_fds(T_A_UNIX, T_A_UNIX);
	int before = t_open_descriptors();
	zs_pool *pool = with_pool ? zs_pool_new(8, 0) : NULL;
	size_t memory, each;

	MUST(!with_pool || pool);
	memory = in_use();
	for (int i = 0; i < MANY; i++)
		MUST((relays[i] = zs_relay_new(it.fd_in, it.fd_out, ZS_TO_END, pool, 0)) != NULL);
	for (int i = 0; i < MANY; i++)
		T_EQ(t_relay_run(relays[i], 0), ZS_WANT_READ);
	for (int i = 0; i < MANY; i += 2)
		zs_relay_pair(relays[i], relays[i + 1]);
	/* Each relay is used, fed, and idle again. */
	for (int i = 0; i < MANY; i++) {
		MUST(write(it.in, "x", 1) == 1);
		T_EQ(t_relay_run(relays[i], 0), ZS_WANT_READ);
		T_EQ(zs_relay_feed(relays[i], "yz", 2), 0);
		T_EQ(t_relay_run(relays[i], 0), ZS_WANT_READ);
		t_drain(it.out, 3);
	}
	each = (in_use() - memory) / MANY;
	printf("%zu bytes each\n", each);
	OK(each < 256 && t_open_descriptors() == before);
	for (int i = 0; i < MANY; i++)
		zs_relay_free(relays[i]);
	zs_pool_free(pool);
	it.relay = NULL;
	T_EQ(t_open_descriptors(), before);
	t_relay_close(&it);
}

/* In bulk, which goes through a pipe; the pool keeps one. */
static void after_bulk(size_t keeps)
{
	zs_pool *pool = zs_pool_new(keeps, 0);
	struct t_relay it = t_relay(T_A_TCP, T_A_UNIX, ZS_TO_END, pool, 0);
	int before = t_open_descriptors();
	size_t pushed = 0, got = 0;

	while (pushed < 500000) {
		pushed += t_push(it.in, 100000, pushed);
		OK(t_relay_run(it.relay, 0) >= 0);
		got += t_pull(it.out, SIZE_MAX, got);
	}
	while (got < pushed) {
		OK(t_relay_run(it.relay, 0) >= 0);
		got += t_pull(it.out, SIZE_MAX, got);
	}
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	OK(t_relay_result(it.relay).via & ZS_VIA_SPLICE);
	T_EQ(t_open_descriptors(), before + (keeps ? 2 : 0));
	t_relay_close(&it);
	T_EQ(t_open_descriptors(), before - 4 + (keeps ? 2 : 0));
	zs_pool_free(pool);
	T_EQ(t_open_descriptors(), before - 4);
}

int main(void)
{
	many(1);
	many(0);
	after_bulk(0);
	after_bulk(1);
	after_bulk(100);
	return t_done();
}
