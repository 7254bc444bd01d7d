/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A run delivers at most its budget in each direction, 1 MiB if it is 0, and then wants to be run again, without an
 * event. The results tell each direction by its index. Many duplexes share one pool. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

static void once(enum t_stream kind, uint64_t budget, size_t len, zs_pool *pool)
{
	struct t_duplex it = t_duplex(kind, kind, pool, 0);
	struct zs_result results[2];
	size_t got[2] = { 0, 0 };
	int status, runs = 0;

	t_scene("%s, budget %llu", t_stream_name(kind), (unsigned long long)budget);
	for (int i = 0; i < 2; i++) {
		t_nonblock(it.far[i], 1);
		T_EQ(t_push(it.far[i], len, 0), len);
		MUST(shutdown(it.far[i], SHUT_WR) == 0);
	}
	/* With no event at all: it is run again as long as it says so. */
	while ((status = t_duplex_run(it.duplex, 0, 0, budget)) == ZS_WANT_RUN && ++runs < 1000000)
		for (int i = 0; i < 2; i++)
			got[i] += t_pull(it.far[i], SIZE_MAX, got[i]);
	/* TCP delivers in the background. */
	while (status == 1 && kind == T_A_TCP)
		if ((status = t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, budget)) > 0)
			status = 1;
	T_EQ(status, 0);
	OK((uint64_t)runs >= (len - 1) / budget);
	t_duplex_results(it.duplex, results);
	for (int i = 0; i < 2; i++) {
		got[i] += t_pull(it.far[i], SIZE_MAX, got[i]);
		T_EQ(got[i], len);
		T_EQ(results[i].bytes, len);
		T_EQ(results[i].index, i);
		T_EQ(results[i].error, 0);
		T_EQ(results[i].in_flight, 0);
	}
	t_duplex_close(&it);
}

/* No budget: 1 MiB. */
static void by_default(void)
{
	struct t_duplex it;
	struct zs_result results[2];
	int file = t_file(3 << 20), fds[2], size = 8 << 20;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	MUST(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0
	     || setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	it = (struct t_duplex){ { file, fds[0] }, { -1, fds[1] }, zs_duplex_new(file, fds[0], NULL, 0) };
	MUST(it.duplex != NULL);
	OK(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0);
	t_duplex_results(it.duplex, results);
	OK(results[0].bytes <= 1 << 20);
	T_EQ(t_pull(it.far[1], 100000, 0), 100000);
	t_duplex_close(&it);
}

static void share(void)
{
	enum { COUNT = 20 };
	zs_pool *pool = zs_pool_new(2, 65536);
	struct t_duplex all[COUNT];
	int before, open;
	size_t len = 50000;

	MUST(pool != NULL);
	for (int i = 0; i < COUNT; i++)
		all[i] = t_duplex(T_A_UNIX, T_A_TCP, pool, 0);
	before = t_open_descriptors();
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < COUNT; i++) {
			size_t got = 0;

			t_nonblock(all[i].far[0], 1);
			t_nonblock(all[i].far[1], 1);
			T_EQ(t_push(all[i].far[0], len, 0), len);
			for (int turn = 0; got < len && turn < 10000; turn++) {
				OK(t_duplex_run(all[i].duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0);
				got += t_pull(all[i].far[1], len, got);
			}
			T_EQ(got, len);
			T_EQ(t_duplex_run(all[i].duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
		}
	/* Idle ones hold nothing: two pipes of the pool at most are open. */
	open = t_open_descriptors() - before;
	OK(open >= 0 && open <= 4);
	for (int i = 0; i < COUNT; i++)
		t_duplex_close(&all[i]);
	zs_pool_free(pool);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int i = 0; i < 4; i++) {
		once(i & 1 ? T_A_TCP : T_A_UNIX, 1, 500, i & 2 ? pool : NULL);
		once(i & 1 ? T_A_TCP : T_A_UNIX, 777, 60000, i & 2 ? pool : NULL);
		once(i & 1 ? T_A_TCP : T_A_UNIX, 16384, 60000, i & 2 ? pool : NULL);
		once(i & 1 ? T_A_TCP : T_A_UNIX, UINT64_MAX, 60000, i & 2 ? pool : NULL);
	}
	by_default();
	share();
	zs_pool_free(pool);
	return t_done();
}
