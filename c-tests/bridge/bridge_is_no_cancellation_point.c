/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that is cancelled in the middle of a bridge, wherever that waits, finishes it and gets its results; it
 * ends at the next cancellation point, and no descriptor is left. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static struct t_side a, b;
static uint32_t avoid, flags;
static int is_early, returned;

static void *bridges(void *argument)
{
	struct zs_result results[2];

	MUST(!is_early || pthread_cancel(pthread_self()) == 0);
	errno = 123;
	T_EQ(T_BRIDGE(&a, &b, results, .timeout_ns = T_MS(15000), .avoid = avoid, .flags = flags |
	     ZS_NOSIGPIPE), 0);
	T_EQ(errno, 123);
	T_EQ(results[0].bytes, 8);
	T_EQ(results[1].bytes, 4);
	__atomic_store_n(&returned, 1, __ATOMIC_SEQ_CST);
	pthread_testcancel();
	__atomic_store_n(&returned, 2, __ATOMIC_SEQ_CST);
	return argument;
}

/* It is cancelled before it begins, or while it waits. */
static void cancelled(enum t_side_kind from, enum t_side_kind to, int nonblock, int early)
{
	int open = t_open_descriptors();
	pthread_t thread;
	char bytes[8];
	void *value;

	t_side(&a, from, nonblock, 0, 0);
	t_side(&b, to, nonblock, 0, 0);
	returned = 0;
	is_early = early;
	thread = t_thread(bridges, NULL);
	t_write(a.far_out, "four", 4);
	MUST(poll(&(struct pollfd){ .fd = b.far_in, .events = POLLIN }, 1, 2000) == 1);
	T_EQ(t_read(b.far_in, bytes, 4), 4);
	MUST(early || pthread_cancel(thread) == 0);
	t_sleep_ms(1);
	T_EQ(__atomic_load_n(&returned, __ATOMIC_SEQ_CST), 0);
	t_write(a.far_out, "more", 4);
	t_write(b.far_out, "back", 4);
	for (int i = 0; i < 2; i++) {
		struct t_side *side = i ? &b : &a;

		MUST(side->far_out == side->far_in ? shutdown(side->far_out, SHUT_WR) == 0 : close(side->far_out) == 0);
	}
	MUST(pthread_join(thread, &value) == 0);
	if (!OK(value == PTHREAD_CANCELED && returned == 1))
		fprintf(stderr, "... %s and %d nonblock %d early %d avoid %s\n", t_side_kind_name(from), to,
			nonblock, early, t_via_words(avoid));
	for (int i = 0; i < 2; i++) {
		struct t_side *side = i ? &b : &a;

		MUST(close(side->in) == 0 && close(side->far_in) == 0);
		MUST(side->out == side->in || close(side->out) == 0);
	}
	T_EQ(t_open_descriptors(), open);
}

int main(void)
{
	for (int from = 0; from < T_BY_FILES; from++)
		for (int to = 0; to < T_BY_FILES; to++)
			for (int i = 0; i < 8 && !t_failures; i++) {
				avoid = i & 4 ? ZS_VIA_SPLICE : 0;
				flags = i & 1 ? ZS_STABLE : ZS_GROW_PIPE;
				cancelled((enum t_side_kind)from, (enum t_side_kind)to, i & 1, i >> 1 & 1);
			}
	return t_done();
}
