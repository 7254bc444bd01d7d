/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `rate` bounds the bytes of any second in each direction of a bridge by itself: both at once get all of it, and
 * what the rate does not let through yet stays in the input. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_rate.h"

#define RATE 2000000u
#define LEN (RATE * 5 / 2)

enum { TCP, UNIX, UNIX_NONBLOCK, PIPES, KINDS };

static const char *const names[] = { "tcp", "unix", "unix, O_NONBLOCK", "pipes" };

struct bridge {
	int kind, near_in[2], near_out[2], far_in[2], far_out[2];
	size_t lens[2];
	struct t_meter meters[2];
	struct zs_result results[2];
	int64_t took_ms, cpu_ms;
	int rc;
};

struct feeder { int fd; size_t len; };

static void *feed(void *argument)
{
	struct feeder *it = argument;
	char *bytes = malloc(it->len + 1);

	MUST(bytes);
	t_pattern(bytes, it->len, 0);
	t_write(it->fd, bytes, it->len);
	if (shutdown(it->fd, SHUT_WR) != 0)
		MUST(close(it->fd) == 0);
	free(bytes);
	return NULL;
}

static void *run(void *argument)
{
	struct bridge *it = argument;
	const struct zs_options options = { .rate = RATE };
	struct feeder feeders[2];
	pthread_t readers[2], writers[2];
	int64_t began = t_now_ms(), cpu;

	for (int i = 0; i < 2; i++) {
		feeders[i] = (struct feeder){ it->far_out[i], it->lens[i] };
		it->meters[i].fd = it->far_in[!i];
		it->meters[i].writer = it->kind == PIPES ? -1 : it->near_out[!i];
		readers[i] = t_thread(t_meter_read, &it->meters[i]);
		writers[i] = t_thread(feed, &feeders[i]);
	}
	cpu = t_thread_cpu_ms();
	it->rc = zs_bridge(it->near_in[0], it->near_out[0], it->near_in[1], it->near_out[1], &options, it->results);
	it->cpu_ms = t_thread_cpu_ms() - cpu;
	it->took_ms = t_now_ms() - began;
	for (int i = 0; i < 2; i++)
		if (it->kind == PIPES)
			MUST(close(it->near_out[i]) == 0);
	for (int i = 0; i < 2; i++) {
		t_join(readers[i]);
		t_join(writers[i]);
	}
	return NULL;
}

static void prepare(struct bridge *it)
{
	for (int i = 0; i < 2; i++) {
		int fds[2], back[2];

		if (it->kind == PIPES) {
			MUST(pipe(fds) == 0 && pipe(back) == 0);
			it->near_in[i] = fds[0];
			it->far_out[i] = fds[1];
			it->far_in[i] = back[0];
			it->near_out[i] = back[1];
			continue;
		}
		if (it->kind == TCP)
			t_tcp_pair(fds, 0, 0);
		else
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		if (it->kind == UNIX_NONBLOCK)
			t_nonblock(fds[0], 1);
		it->near_in[i] = it->near_out[i] = fds[0];
		it->far_in[i] = it->far_out[i] = fds[1];
	}
}

static void check(const struct bridge *it)
{
	T_EQ(it->rc, 0);
	OK(it->cpu_ms < it->took_ms / 4);
	for (int i = 0; i < 2; i++) {
		const struct t_meter *meter = &it->meters[i];

		t_scene("%s, direction %d", names[it->kind], i);
		T_EQ(it->results[i].bytes, it->lens[i]);
		T_EQ(meter->total, it->lens[i]);
		OK(!meter->bad);
		OK(it->took_ms >= (int64_t)it->lens[i] * 1000 / RATE - 30);
		if (!OK(t_meter_most(meter, 1000) <= RATE + RATE / 50))
			fprintf(stderr, "... %llu bytes in a second\n",
				(unsigned long long)t_meter_most(meter, 1000));
		OK(t_meter_most(meter, 100) <= RATE / 4);
	}
	/* A busy machine makes it slower; one direction after the other would take twice as long on any. */
	OK(it->took_ms < 10000 * t_slower());
}

/* Of a thousand bytes a bridge takes those that it may deliver. */
static void takes_no_more(int by_pipe)
{
	const struct zs_options options = { .rate = 10, .timeout_ns = T_MS(300) };
	char bytes[1000] = { 0 };
	int in[2], out[2], null = open("/dev/null", O_RDWR);
	struct zs_result results[2];

	t_scene("what is left in a %s", by_pipe ? "pipe" : "socket");
	if (by_pipe)
		MUST(pipe(in) == 0);
	else
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, in) == 0);
	MUST(pipe(out) == 0);
	t_write(in[1], bytes, sizeof bytes);
	T_EQ(zs_bridge(in[0], null, null, out[1], &options, results), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(results[0].bytes >= 1 && results[0].bytes <= 4);
	T_EQ(results[0].in_flight, 0);
	T_EQ(t_bytes_available(in[0]) + results[0].bytes, sizeof bytes);
}

int main(void)
{
	static struct bridge bridges[KINDS];
	pthread_t threads[KINDS];

	for (int i = 0; i < KINDS; i++) {
		bridges[i].kind = i;
		bridges[i].lens[0] = LEN;
		bridges[i].lens[1] = LEN / 2;
		prepare(&bridges[i]);
	}
	for (int i = 0; i < KINDS; i++)
		threads[i] = t_thread(run, &bridges[i]);
	for (int i = 0; i < KINDS; i++)
		t_join(threads[i]);
	for (int i = 0; i < KINDS; i++)
		check(&bridges[i]);
	takes_no_more(0);
	takes_no_more(1);
	return t_done();
}
