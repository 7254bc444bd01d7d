/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `rate` bounds the bytes that each output of a fan-out gets in a second, also where one is slow. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_rate.h"

#define RATE 2000000u
#define LEN (RATE * 5 / 2)

struct scene {
	const char *name;
	int from_pipe, to_tcp;
	unsigned int flags;
	uint64_t rate, len;
};

static const struct scene scenes[] = {
	{ "file to pipes", 0, 0, 0, RATE, LEN },
	{ "pipe to pipes", 1, 0, 0, RATE, LEN },
	{ "pipe to tcp", 1, 1, 0, RATE, LEN },
	{ "pipe to pipes, ZS_STABLE", 1, 0, ZS_STABLE, RATE, LEN },
	{ "pipe to pipes, less than a page at a time", 1, 0, 0, 20000, 50000 },
	{ "pipe to tcp, less than a page at a time", 1, 1, 0, 20000, 50000 },
};

enum { SCENES = sizeof scenes / sizeof *scenes };

struct transfer {
	const struct scene *scene;
	int in, feed, outs[2];
	struct t_meter meters[2];
	struct zs_result results[2];
	int64_t moved, took_ms, cpu_ms;
};

static void *feed(void *argument)
{
	struct transfer *it = argument;
	char *bytes = malloc(it->scene->len);

	MUST(bytes);
	t_pattern(bytes, it->scene->len, 0);
	t_write(it->feed, bytes, it->scene->len);
	MUST(close(it->feed) == 0);
	free(bytes);
	return NULL;
}

static void *run(void *argument)
{
	struct transfer *it = argument;
	const struct zs_options options = { .rate = it->scene->rate, .flags = it->scene->flags };
	int64_t began = t_now_ms(), cpu = t_thread_cpu_ms();
	pthread_t threads[3];

	for (int i = 0; i < 2; i++)
		threads[i] = t_thread(t_meter_read, &it->meters[i]);
	if (it->feed >= 0)
		threads[2] = t_thread(feed, it);
	it->moved = zs_fanout(it->in, NULL, it->outs, 2, ZS_TO_END, &options, it->results);
	it->took_ms = t_now_ms() - began;
	it->cpu_ms = t_thread_cpu_ms() - cpu;
	for (int i = 0; i < 2; i++)
		/* The meter still asks a socket. */
		MUST(shutdown(it->outs[i], SHUT_WR) == 0 || close(it->outs[i]) == 0);
	for (int i = 0; i < (it->feed >= 0 ? 3 : 2); i++)
		t_join(threads[i]);
	return NULL;
}

static void prepare(struct transfer *it)
{
	int fds[2];

	it->feed = -1;
	if (it->scene->from_pipe) {
		MUST(pipe(fds) == 0);
		it->in = fds[0];
		it->feed = fds[1];
	} else {
		it->in = t_file(it->scene->len);
	}
	for (int i = 0; i < 2; i++) {
		if (it->scene->to_tcp)
			t_tcp_pair(fds, 0, 0);
		else
			MUST(pipe(fds) == 0);
		it->meters[i].fd = fds[it->scene->to_tcp];
		it->outs[i] = fds[!it->scene->to_tcp];
		it->meters[i].writer = it->scene->to_tcp ? it->outs[i] : -1;
	}
}

static void check(const struct transfer *it)
{
	uint64_t rate = it->scene->rate, len = it->scene->len;

	T_EQ(it->moved, len);
	OK(it->took_ms >= (int64_t)(len * 1000 / rate) - 30 && it->took_ms < 10000 * t_slower());
	OK(it->cpu_ms < it->took_ms / 5);
	for (int i = 0; i < 2; i++) {
		const struct t_meter *meter = &it->meters[i];

		t_scene("%s, output %d", it->scene->name, i);
		T_EQ(it->results[i].bytes, len);
		T_EQ(meter->total, len);
		OK(!meter->bad);
		if (!OK(t_meter_most(meter, 1000) <= rate + rate / 50))
			fprintf(stderr, "... %llu bytes in a second\n",
				(unsigned long long)t_meter_most(meter, 1000));
		OK(t_meter_most(meter, 100) <= rate / 4);
	}
}

int main(void)
{
	static struct transfer transfers[SCENES];
	pthread_t threads[SCENES];

	for (int i = 0; i < SCENES; i++) {
		transfers[i].scene = &scenes[i];
		prepare(&transfers[i]);
	}
	for (int i = 0; i < SCENES; i++)
		threads[i] = t_thread(run, &transfers[i]);
	for (int i = 0; i < SCENES; i++)
		t_join(threads[i]);
	for (int i = 0; i < SCENES; i++)
		check(&transfers[i]);
	return t_done();
}
