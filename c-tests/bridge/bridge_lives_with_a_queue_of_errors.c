/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poll(2) reports POLLERR for a socket with messages in its error queue (time stamps, completions of zero-copy
 * sends) until the program reads them. A bridge does not spin on that, and notices data, the end, a reset and
 * the timeout when they come. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include <linux/net_tstamp.h>

#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

enum { ENDS, RESETS, RUNS_OUT, IS_FULL, CASES };
enum { STAMPS, ZERO_COPY, QUEUES };

struct bridge {
	int what, queue, nonblock;
	int a[2], b[2]; /* the bridge has a[0], which has the queue, and b[0] */
	int returned, error;
	int64_t cpu, took;
	struct zs_result results[2];
	pthread_t thread;
};

static void *run(void *argument)
{
	struct bridge *it = argument;
	int64_t began = t_now_ms(), limit = it->what == RUNS_OUT || it->what == IS_FULL ? 500 : 5000;
	struct zs_options options = { .flags = ZS_NOSIGPIPE, .timeout_ns = T_MS(limit) * t_slower() };

	it->returned = zs_bridge(it->a[0], it->a[0], it->b[0], it->b[0], &options, it->results);
	it->error = errno;
	it->took = t_now_ms() - began;
	it->cpu = t_thread_cpu_ms();
	return NULL;
}

/* Sends a byte that puts a message into the queue. Returns whether it did. */
static int queues(struct bridge *it)
{
	const int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	const int option = it->queue == STAMPS ? SO_TIMESTAMPING : SO_ZEROCOPY, on = it->queue == STAMPS ? stamps : 1;

	if (setsockopt(it->a[0], SOL_SOCKET, option, &on, sizeof on) != 0)
		return 0;
	MUST(send(it->a[0], "!", 1, it->queue == STAMPS ? 0 : MSG_ZEROCOPY) == 1);
	t_drain(it->a[1], 1);
	for (int i = 0; i < 200 && !(t_ready(it->a[0], 0) & POLLERR); i++)
		t_sleep_ms(1);
	return (t_ready(it->a[0], 0) & POLLERR) != 0;
}

static int prepares(struct bridge *it)
{
	int small = 4096;

	t_tcp_pair(it->a, it->what == IS_FULL ? small : 0, it->what == IS_FULL ? small : 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, it->b) == 0);
	t_nonblock(it->a[0], it->nonblock);
	t_nonblock(it->b[0], it->nonblock);
	if (!queues(it))
		return 0;
	if (it->what == IS_FULL) {
		(void)t_fill_socket(it->a[0]);
		t_write(it->b[1], "more", 4);
	}
	return 1;
}

static struct bridge all[CASES * QUEUES * 2];
static int count;

/* All of them at once. */
static void data_gets_across(int from_a)
{
	char bytes[4];

	for (int i = 0; i < count; i++)
		if (all[i].what != IS_FULL)
			t_write(from_a ? all[i].a[1] : all[i].b[1], "data", 4);
	for (int i = 0; i < count; i++) {
		int to = from_a ? all[i].b[1] : all[i].a[1];

		if (all[i].what != IS_FULL
		    && T_EQ(poll(&(struct pollfd){ .fd = to, .events = POLLIN }, 1, 500 * t_slower()), 1))
			OK(t_read(to, bytes, 4) == 4 && memcmp(bytes, "data", 4) == 0);
	}
}

static void goes_away(struct bridge *it)
{
	if (it->what == ENDS)
		MUST(shutdown(it->a[1], SHUT_WR) == 0 && shutdown(it->b[1], SHUT_WR) == 0);
	if (it->what == RESETS)
		t_reset(it->a[1]);
}

static void is_over(struct bridge *it)
{
	static const int errors[] = { 0, ECONNRESET, ETIMEDOUT, ETIMEDOUT };
	int good;

	t_join(it->thread);
	good = T_EQ(it->returned, (it->what == ENDS ? 0 : -1)) & OK(it->what == ENDS ||
		it->error == errors[it->what]);
	good &= T_EQ(it->results[0].bytes, it->what == IS_FULL ? 0 : 8);
	good &= OK(it->what == IS_FULL || it->results[1].bytes == 4) & OK(it->cpu < 60) & OK(it->took < 1200 * t_slower());
	if (!good)
		fprintf(stderr, "... what %d queue %d nonblock %d: %d, errno %s, %lld ms of CPU in %lld\n",
			it->what, it->queue, it->nonblock, it->returned, t_errno_name(it->error),
			(long long)it->cpu, (long long)it->took);
	MUST(close(it->a[0]) == 0 && (it->what == RESETS || close(it->a[1]) == 0));
	t_close2(it->b);
}

int main(void)
{
	for (int queue = 0; queue < QUEUES; queue++)
		for (int i = 0; i < CASES * 2; i++) {
			all[count] = (struct bridge){ .what = i >> 1, .queue = queue, .nonblock = i & 1 };
			if (prepares(&all[count]))
				count++;
			else
				t_close2(all[count].a), t_close2(all[count].b);
		}
	if (count == 0)
		t_skip("no socket has a queue of errors here");
	for (int i = 0; i < count; i++)
		all[i].thread = t_thread(run, &all[i]);
	t_sleep_ms(100);
	data_gets_across(1);
	data_gets_across(0); /* which puts one more message into the queue */
	data_gets_across(1);
	for (int i = 0; i < count; i++)
		goes_away(&all[i]);
	for (int i = 0; i < count; i++)
		is_over(&all[i]);
	return t_done();
}
