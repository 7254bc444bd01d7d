/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end of one direction is passed on by shutdown(2) once every byte before it is delivered, even to a slow
 * reader. The other direction continues. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

struct bridge {
	struct t_side a, b;
	struct zs_result results[2];
	int returned, over;
	pthread_t thread;
};

static void *run(void *argument)
{
	struct bridge *it = argument;

	it->returned = T_BRIDGE(&it->a, &it->b, it->results, 0);
	__atomic_store_n(&it->over, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int is_over(struct bridge *it)
{
	return __atomic_load_n(&it->over, __ATOMIC_SEQ_CST);
}

/* One side ends first. The other sees that, and answers only then. */
static void half_closed(enum t_side_kind kind, int nonblock, int turned)
{
	struct bridge it = { .returned = -1 };
	struct t_side *first = turned ? &it.b : &it.a, *second = turned ? &it.a : &it.b;
	char byte;

	t_side(&it.a, kind, nonblock, 0, 0);
	t_side(&it.b, kind, nonblock, 0, 0);
	it.thread = t_thread(run, &it);
	t_write(first->far_out, "question", 8);
	MUST(shutdown(first->far_out, SHUT_WR) == 0);
	t_drain(second->far_in, 8);
	T_EQ(t_read(second->far_in, &byte, 1), 0);
	for (int i = 0; i < 3; i++) {
		t_sleep_ms(5);
		OK(!is_over(&it));
		t_write(second->far_out, "answer", 6);
		t_drain(first->far_in, 6);
	}
	MUST(shutdown(second->far_out, SHUT_WR) == 0);
	T_EQ(t_read(first->far_in, &byte, 1), 0);
	t_join(it.thread);
	T_EQ(it.returned, 0);
	T_EQ(it.results[turned].bytes, 8);
	T_EQ(it.results[!turned].bytes, 18);
	MUST(close(it.a.in) == 0 && close(it.b.in) == 0 && close(it.a.far_in) == 0 && close(it.b.far_in) == 0);
}

/* The end comes after everything that a slow reader has still to read. */
static void slow(enum t_side_kind kind, int nonblock, int turned)
{
	const size_t len = 3000001;
	struct bridge it = { .returned = -1 };
	struct t_side *first = turned ? &it.b : &it.a, *second = turned ? &it.a : &it.b;

	t_side(first, kind, nonblock, len, 0);
	t_side(second, kind, nonblock, 5, 0);
	second->delay_ms = 60;
	second->pause_us = 20;
	t_side_start(first);
	t_side_start(second);
	run(&it);
	T_EQ(it.returned, 0);
	T_EQ(it.results[turned].bytes, len);
	T_EQ(it.results[!turned].bytes, 5);
	if (T_EQ(t_side_got(second), len))
		T_EQ(t_side_got(first), 5);
}

int main(void)
{
	for (int kind = T_BY_UNIX; kind <= T_BY_TCP; kind++)
		for (int i = 0; i < 4; i++) {
			half_closed((enum t_side_kind)kind, i & 1, i >> 1);
			slow((enum t_side_kind)kind, i & 1, i >> 1);
		}
	return t_done();
}
