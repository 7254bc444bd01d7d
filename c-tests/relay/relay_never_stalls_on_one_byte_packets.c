/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packets of one byte fill a pipe by slots long before it is full by bytes: in an edge-triggered loop the relay
 * never stalls, and is hardly ever woken in vain. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define LEN 200000

static void *write_all(void *argument)
{
	unsigned char byte;

	for (uint64_t at = 0; at < LEN; at++) {
		byte = t_pattern_at(at);
		t_write(*(int *)argument, &byte, 1);
	}
	MUST(shutdown(*(int *)argument, SHUT_WR) == 0);
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
			t_sleep_ms(5);
	}
	T_EQ(got, LEN);
	return NULL;
}

static void through(enum t_stream out, zs_pool *pool)
{
	struct t_relay it = t_relay(T_A_TCP, out, ZS_TO_END, pool, ZS_RELAY_SHUTDOWN);
	struct epoll_event in = { EPOLLIN | EPOLLET, { 0 } }, to = { EPOLLOUT | EPOLLET, { 0 } };
	int epoll = epoll_create1(0), wakes = 0, vain = 0, ready = 0;
	struct zs_result before = { 0 }, after;
	pthread_t threads[2];

	MUST(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, it.fd_in, &in) == 0);
	to.data.u32 = 1;
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, it.fd_out, &to) == 0);
	threads[0] = t_thread(read_all, &it.out);
	threads[1] = t_thread(write_all, &it.in);
	for (int wanted = T_ALL; wanted != 0;) {
		struct epoll_event events[2];
		int n = wanted & ZS_WANT_RUN || ready & wanted ? 0 : epoll_wait(epoll, events, 2, 5000);

		if (!(wanted & ZS_WANT_RUN) && !(ready & wanted) && !OK(n > 0))
			break;
		for (int i = 0; i < n; i++)
			ready |= events[i].data.u32 ? ZS_WANT_WRITE : ZS_WANT_READ;
		if (!(wanted & ZS_WANT_RUN) && !(ready & wanted))
			continue;
		/* As in every edge-triggered loop: what the relay waits for is not ready any more. */
		wanted = t_relay_run(it.relay, 0);
		ready &= wanted & ZS_WANT_RUN ? ~0 : ~wanted;
		after = t_relay_result(it.relay);
		wakes++;
		vain += after.bytes == before.bytes && after.in_flight == before.in_flight;
		before = after;
		if (!OK(wanted >= 0))
			break;
	}
	T_EQ(before.bytes, LEN);
	if (out != T_A_UNIX && out != T_A_TCP)
		MUST(close(it.fd_out) == 0 && (it.fd_out = dup(it.fd_in)) >= 0);
	t_join(threads[0]);
	t_join(threads[1]);
	OK(vain <= 10 + wakes / 20);
	MUST(close(epoll) == 0);
	t_relay_close(&it);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 65536), *tiny = zs_pool_new(1, 4096);

	MUST(pool && tiny);
	through(T_A_TCP, pool);
	through(T_A_UNIX, tiny);
	through(T_A_PIPE, NULL);
	zs_pool_free(pool);
	zs_pool_free(tiny);
	return t_done();
}
