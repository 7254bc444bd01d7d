/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `rate` bounds the bytes of any second, whatever mechanism moves them, and costs hardly any CPU time. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_rate.h"

#define RATE 2000000u
#define LEN ((RATE * 5 / 2) & ~4095u) /* whole blocks, for O_DIRECT */

enum { TO_FILE, FROM_FILE_TO_TCP, FROM_FILE_TO_PIPE, PIPES, PIPES_STABLE, TCP_TO_FILE, DIRECT, CASES };

static const char *const names[] = { "file to file", "file to tcp", "file to pipe", "pipe to pipe",
				     "pipe to pipe, ZS_STABLE", "tcp to file", "file to file, O_DIRECT" };

struct transfer {
	int which, in, out, feed;
	struct t_meter meter;
	struct zs_result result;
	int64_t moved, took_ms, cpu_ms;
};

static void *feed(void *argument)
{
	struct transfer *it = argument;
	char *bytes = malloc(LEN);

	MUST(bytes);
	t_pattern(bytes, LEN, 0);
	t_write(it->feed, bytes, LEN);
	MUST(close(it->feed) == 0);
	free(bytes);
	return NULL;
}

static void *run(void *argument)
{
	struct transfer *it = argument;
	struct zs_options options = { .rate = RATE, .flags = it->which == PIPES_STABLE ? ZS_STABLE : 0 };
	int to_file = it->which == TO_FILE || it->which == TCP_TO_FILE || it->which == DIRECT;
	int64_t began = t_now_ms(), cpu = t_thread_cpu_ms();
	pthread_t feeder = pthread_self(), reader = feeder;

	if (to_file) {
		options.progress = t_meter_progress;
		options.context = &it->meter;
	} else {
		reader = t_thread(t_meter_read, &it->meter);
	}
	if (it->feed >= 0)
		feeder = t_thread(feed, it);
	it->moved = zs_copy(it->in, NULL, it->out, NULL, ZS_TO_END, &options, &it->result);
	it->took_ms = t_now_ms() - began;
	it->cpu_ms = t_thread_cpu_ms() - cpu;
	if (it->feed >= 0)
		t_join(feeder);
	if (!to_file) {
		/* The meter still asks a socket. */
		MUST(shutdown(it->out, SHUT_WR) == 0 || close(it->out) == 0);
		t_join(reader);
	}
	return NULL;
}

static void prepare(struct transfer *it)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };

	if (it->which == PIPES || it->which == PIPES_STABLE)
		MUST(pipe(in) == 0);
	else if (it->which == TCP_TO_FILE)
		t_tcp_pair(&in[0], 0, 0);
	else
		in[0] = t_file(LEN);
	if (it->which == FROM_FILE_TO_TCP) {
		t_tcp_pair(&out[0], 0, 0);
		out[1] ^= out[0], out[0] ^= out[1], out[1] ^= out[0];
	} else if (it->which == FROM_FILE_TO_PIPE || it->which == PIPES || it->which == PIPES_STABLE) {
		MUST(pipe(out) == 0);
	} else {
		out[0] = out[1] = t_file(0);
	}
	if (it->which == DIRECT)
		(void)!fcntl(out[1], F_SETFL, O_DIRECT); /* not every file system has it */
	it->in = in[0];
	it->feed = in[1];
	it->meter.fd = out[0];
	it->meter.writer = it->which == FROM_FILE_TO_TCP ? out[1] : -1;
	it->out = out[1];
}

static void check(const struct transfer *it)
{
	uint64_t least_ms = (uint64_t)LEN * 1000 / RATE - 30;
	uint64_t late = it->out == it->meter.fd ? (uint64_t)t_slower() : 1;

	t_scene("%s", names[it->which]);
	T_EQ(it->moved, LEN);
	T_EQ(it->result.bytes, LEN);
	T_EQ(it->meter.total, LEN);
	if (it->out == it->meter.fd)
		OK(fcntl(it->out, F_SETFL, 0) == 0 && t_has_pattern(it->out, 0, LEN, 0));
	else
		OK(!it->meter.bad);
	/* A busy machine may make it slower; what progress is told late piles up. */
	OK((uint64_t)it->took_ms >= least_ms && it->took_ms < 10000 * t_slower());
	if (!OK(t_meter_most(&it->meter, 1000) <= (RATE + RATE / 50) * late))
		fprintf(stderr, "... %llu bytes in a second\n",
			(unsigned long long)t_meter_most(&it->meter, 1000));
	/* Even: no tenth of a second sees what is due for a quarter. */
	OK(t_meter_most(&it->meter, 100) <= RATE / 4 * late);
	OK(it->cpu_ms < it->took_ms / 5);
	if (getenv("ZS_TEST_VERBOSE"))
		printf("%-24s %5lld ms, %llu in a second, %llu in a tenth, %lld ms of CPU time, %zu steps\n",
		       names[it->which], (long long)it->took_ms, (unsigned long long)t_meter_most(&it->meter, 1000),
		       (unsigned long long)t_meter_most(&it->meter, 100), (long long)it->cpu_ms, it->meter.count);
}

/* From one byte a second to more than any machine moves. */
static void extremes(void)
{
	static const struct { uint64_t rate, len; int64_t least_ms, most_ms; } cases[] = {
		{ 1, 2, 1000, 1900 }, { 10, 12, 1100, 1900 }, { 100, 110, 1000, 9000 },
		{ UINT64_MAX, 8 << 20, 0, 5000 }, { (uint64_t)1 << 40, 8 << 20, 0, 5000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zs_options options = { .rate = cases[i].rate, .flags = ZS_NO_CLONE };
		int in = t_file(cases[i].len), out = t_file(0);
		int64_t began = t_now_ms(), took;

		t_scene("rate %llu", (unsigned long long)cases[i].rate);
		T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, NULL), cases[i].len);
		took = t_now_ms() - began;
		OK(took >= cases[i].least_ms - 10);
		if (!OK(took <= cases[i].most_ms))
			fprintf(stderr, "... %lld ms\n", (long long)took);
		OK(t_has_pattern(out, 0, cases[i].len, 0));
		MUST(close(in) == 0 && close(out) == 0);
	}
}

/* What moves no bytes is not counted: a hole, or blocks that are shared. */
static void holes(void)
{
	struct zs_options options = { .rate = 100000 };
	struct zs_result result;
	int in = t_file(1000), out = t_file(0);
	int64_t began = t_now_ms();

	t_scene("a hole");
	MUST(ftruncate(in, 1 << 30) == 0);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, &result), 1 << 30);
	OK(result.holes == 0 || t_now_ms() - began < 5000 * t_slower());
	OK(t_has_pattern(out, 0, 1000, 0));
}

int main(void)
{
	static struct transfer transfers[CASES];
	pthread_t threads[CASES];

	for (int i = 0; i < CASES; i++) {
		transfers[i].which = i;
		prepare(&transfers[i]);
	}
	for (int i = 0; i < CASES; i++)
		threads[i] = t_thread(run, &transfers[i]);
	for (int i = 0; i < CASES; i++)
		t_join(threads[i]);
	for (int i = 0; i < CASES; i++)
		check(&transfers[i]);
	extremes();
	holes();
	return t_done();
}
