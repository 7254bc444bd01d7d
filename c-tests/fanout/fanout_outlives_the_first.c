/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The first output empties the pipe that all others are served from. When it dies in the middle (or another one, or
 * both) the others get every byte, in order, whatever their kind, however large and slow they are; and there have to
 * be descriptors for that one pipe, not for a pipe for each. An argument is the seed. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include "t_fanout.h"

#define MOST 1500000

struct death {
	struct t_output *output;
	size_t after;
};

static void *dies(void *argument)
{
	struct death *death = argument;
	struct t_output *output = death->output;
	char bytes[3000];

	while (output->got < death->after) {
		ssize_t n = read(output->far, bytes, sizeof bytes);

		MUST(n >= 0);
		if (n == 0)
			break;
		output->right &= t_is_pattern(bytes, (size_t)n, output->got);
		output->got += (size_t)n;
	}
	MUST(close(output->far) == 0);
	return NULL;
}

static void play(uint64_t seed)
{
	static struct t_fan fan;
	static struct death deaths[64];
	uint64_t chance = seed;
	size_t count = 2 + t_below(&chance, 15), len = 200000 + t_below(&chance, MOST - 200000), spare = 4;
	uint32_t avoid = t_one_in(&chance, 2) ? ZS_VIA_READ_WRITE : 0, others = !avoid || t_one_in(&chance, 3);
	enum t_from from = t_one_in(&chance, 3) ? T_FROM_PIPE : T_FROM_FILE;
	struct t_source source;
	int failures = t_failures, error;
	size_t alive = 0;
	int64_t moved;

	t_source(&source, from, 0, len);
	for (size_t i = 0; i < count; i++) {
		static const enum t_out kinds[] = { T_TO_PIPE, T_TO_PIPE, T_TO_PIPE, T_TO_UNIX, T_TO_TCP, T_TO_FILE };
		enum t_out kind = others ? kinds[t_below(&chance, 6)] : T_TO_PIPE;
		int is_dead = kind != T_TO_FILE && (i == 0 || t_one_in(&chance, 8)) && (i + 1 < count || alive > 0);

		t_fan_add(&fan, kind, (int)t_below(&chance, 2), -1);
		if (kind == T_TO_PIPE)
			MUST(fcntl(fan.fds[i], F_SETPIPE_SZ, T_PAGE << t_below(&chance, 9)) > 0);
		deaths[i] = (struct death){ is_dead ? &fan.of[i] : NULL, t_below(&chance, len) };
		fan.of[i].pause_us = t_one_in(&chance, 3) ? (int)t_below(&chance, 300) : 0;
		if (fan.of[i].far >= 0)
			fan.of[i].reader = t_thread(is_dead ? dies : t_output_run,
						    is_dead ? (void *)&deaths[i] : &fan.of[i]);
		alive += !is_dead;
		spare += i > 0 && kind != T_TO_PIPE ? 2 : 0;
	}
	t_limit_descriptors(spare);
	errno = 123;
	moved = T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE, .avoid = avoid);
	error = errno;
	t_limit_descriptors(SIZE_MAX);
	T_EQ(moved, (int64_t)len);
	T_EQ(error, 123);
	for (size_t i = 0; i < count; i++) {
		const struct zs_result *result = &fan.results[i];

		OK(!avoid || (result->copied == 0 && !(result->via & ZS_VIA_READ_WRITE)));
		if (!deaths[i].output) {
			T_EQ(result->bytes, len);
			T_EQ(result->error, 0);
			T_EQ(result->in_flight, 0);
			T_EQ(t_fan_got(&fan, i), len);
			continue;
		}
		MUST(close(fan.fds[i]) == 0);
		t_join(fan.of[i].reader);
		OK(fan.of[i].right && fan.of[i].got <= result->bytes);
		OK(result->error == 0 ? result->bytes == len : result->error == EPIPE || result->error == ECONNRESET);
	}
	if (t_failures > failures)
		fprintf(stderr, "... seed %#llx from %s len %zu count %zu avoid %s: %lld, errno %s\n",
			(unsigned long long)seed, t_from_name(from), len, count, t_via_words(avoid),
			(long long)moved, t_errno_name(error));
	fan.count = 0;
	if (moved < 0)
		exit(1); /* a writer may wait until what has not been taken is read */
	t_source_end(&source);
}

int main(int count, char **words)
{
	uint64_t seed = count > 1 ? strtoull(words[1], NULL, 0) : t_seed();
	int64_t end = t_now_ms() + 2000;
	int played = 0, before = t_open_descriptors();

	if (count > 1)
		play(seed);
	for (; count == 1 && t_now_ms() < end && t_failures == 0; played++)
		play(seed + (uint64_t)played);
	T_EQ(t_open_descriptors(), before);
	printf("%d fan-outs\n", played);
	return t_done();
}
