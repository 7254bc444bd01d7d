/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packets of one byte fill a pipe by slots long before it is full by bytes, so a splice(2) that comes back short has not
 * drained a TCP socket as a short recv(2) has: edge-triggered, every byte arrives, also where bulk data turns into
 * such packets. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define BULK 300000
#define LEN (2 * BULK)

static void *write_all(void *argument)
{
	static char bytes[BULK];
	int fd = *(int *)argument;

	t_pattern(bytes, BULK, 0);
	t_write(fd, bytes, BULK);
	for (uint64_t at = BULK; at < LEN; at++) {
		unsigned char byte = t_pattern_at(at);

		t_write(fd, &byte, 1);
		/* All that was sent so far has to arrive without what follows. */
		if (at % 20000 == 0)
			t_sleep_ms(3);
	}
	MUST(shutdown(fd, SHUT_WR) == 0);
	return NULL;
}

static void *read_all(void *argument)
{
	static char bytes[5000];
	size_t got = 0, n;

	while ((n = t_read(*(int *)argument, bytes, sizeof bytes)) > 0) {
		OK(t_is_pattern(bytes, n, got));
		got += n;
		if (got % 20000 == 0)
			t_sleep_ms(3);
	}
	T_EQ(got, LEN);
	return NULL;
}

static void once(enum t_stream to, zs_pool *pool)
{
	struct t_duplex it = t_duplex(T_A_TCP, to, pool, 0);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	pthread_t threads[2];

	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	threads[0] = t_thread(read_all, &it.far[1]);
	threads[1] = t_thread(write_all, &it.far[0]);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), 0);
	t_join(threads[1]);
	t_join(threads[0]);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* One packet after another, and then nothing until all has arrived. */
static void in_bursts(zs_pool *pool)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_UNIX, pool, 0);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	size_t pushed = 0, got = 0;

	t_nonblock(it.far[1], 1);
	for (int round = 0; round < 200; round++) {
		size_t end = pushed + 20000;

		/* Bulk first, so that the next packets are spliced. */
		pushed += t_push(it.far[0], 20000, pushed);
		T_EQ(pushed, end);
		for (end += 40; pushed < end; pushed++) {
			unsigned char byte = t_pattern_at(pushed);

			t_write(it.far[0], &byte, 1);
		}
		while (got < pushed) {
			int status = t_duplex_run(it.duplex, events[0], events[1], 0);

			got += t_pull(it.far[1], SIZE_MAX, got);
			events[0] = events[1] = 0;
			if (!OK(status > 0))
				return;
			if (got < pushed && status == 1 && !OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0))
				return;
		}
	}
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0), *small = zs_pool_new(1, 65536);

	MUST(pool && small);
	once(T_A_UNIX, pool);
	once(T_A_TCP, small);
	once(T_A_UNIX, NULL);
	in_bursts(pool);
	in_bursts(small);
	zs_pool_free(pool);
	zs_pool_free(small);
	return t_done();
}
