/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random fan-outs: inputs, outputs, lengths, delays, deaths and options of all kinds, for 3 seconds. Every byte
 * is compared, and every result. An argument is the seed. */
/* ways: shared */
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

/* Reads at most so much, and closes its end. */
static void *dies(void *argument)
{
	struct death *death = argument;
	struct t_output *output = death->output;
	char bytes[5000];

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
	static const uint32_t avoids[] = { 0, 0, 0, ZS_VIA_TEE, ZS_VIA_SPLICE };
	static struct t_fan fan;
	static struct death deaths[64];
	static char rest[MOST];
	uint64_t chance = seed;
	enum t_from from = (enum t_from)t_below(&chance, T_FROMS);
	size_t len = t_below(&chance, (size_t)1 << t_below(&chance, 21)) % MOST, count = 1 + t_below(&chance, 7);
	uint64_t wanted = t_one_in(&chance, 2) ? ZS_TO_END : t_below(&chance, len + 10);
	size_t most = wanted < len ? wanted : len, taken = 0, left;
	uint32_t avoid = avoids[t_below(&chance, 5)];
	uint32_t flags = ZS_NOSIGPIPE | (t_one_in(&chance, 2) ? ZS_DROP_FAILED : 0) | (t_one_in(&chance, 5) ? ZS_STABLE : 0);
	int with_offset = from == T_FROM_FILE && t_one_in(&chance, 2), dead = 0, failures = t_failures, error;
	struct t_source source;
	int64_t off = 0, returned;

	t_source(&source, from, (int)t_below(&chance, 2), len);
	for (size_t i = 0; i < count; i++) {
		enum t_out kind = (enum t_out)t_below(&chance, T_OUTS);
		int may_die = kind <= T_TO_TCP && kind != T_TO_FIFO && t_one_in(&chance, 6);

		if (kind == T_TO_PTY && len > 20000)
			kind = T_TO_PIPE;
		t_fan_add(&fan, kind, (int)t_below(&chance, 2), may_die ? -1 : (int)t_below(&chance, 2) * 50);
		deaths[i] = (struct death){ may_die ? &fan.of[i] : NULL, t_below(&chance, len + 1) };
		if (may_die)
			fan.of[i].reader = t_thread(dies, &deaths[i]);
	}
	errno = 123;
	returned = T_FANOUT(source.fd, with_offset ? &off : NULL, &fan, wanted, .flags = flags, .avoid = avoid);
	error = errno;
	for (size_t i = 0; i < count; i++) {
		const struct zs_result *result = &fan.results[i];

		dead += result->error != 0;
		if (result->bytes + result->in_flight > taken)
			taken = result->bytes + result->in_flight;
	}
	if (with_offset)
		OK(off == (int64_t)taken && t_position(source.fd) == 0);
	if (returned >= 0)
		OK(returned == (int64_t)most && taken == most && error == 123);
	else
		OK(dead > 0 && (error == EPIPE || error == ECONNRESET));
	left = with_offset ? (size_t)pread(source.fd, rest, MOST, off) : t_read(source.fd, rest, MOST);
	if (T_EQ(left, len - taken))
		OK(t_is_pattern(rest, left, taken));
	for (size_t i = 0; i < count; i++) {
		const struct zs_result *result = &fan.results[i];

		OK(result->copied <= result->bytes);
		T_EQ(result->holes, 0);
		OK(result->bytes == 0 || result->via != 0);
		if (result->error) {
			OK(deaths[i].output);
			T_EQ(result->side, ZS_SIDE_OUT);
			OK(result->error == EPIPE || result->error == ECONNRESET);
			OK(result->bytes + result->in_flight <= taken);
		} else {
			if (T_EQ(result->bytes + result->in_flight, taken))
				OK((returned < 0 || result->in_flight == 0));
		}
		if (!deaths[i].output) {
			T_EQ(t_fan_got(&fan, i), result->bytes);
			continue;
		}
		MUST(close(fan.fds[i]) == 0);
		t_join(fan.of[i].reader);
		OK(fan.of[i].right && fan.of[i].got <= result->bytes);
	}
	if (t_failures > failures)
		fprintf(stderr, "... seed %#llx from %s len %zu wanted %lld count %zu flags %s avoid %s: "
			"%lld, errno %s\n", (unsigned long long)seed, t_from_name(from), len,
			(long long)wanted, count, t_flag_words(flags), t_via_words(avoid), (long long)returned,
			t_errno_name(error));
	fan.count = 0;
	t_source_end(&source);
}

int main(int count, char **words)
{
	uint64_t seed = count > 1 ? strtoull(words[1], NULL, 0) : t_seed();
	int64_t end = t_now_ms() + 3000;
	int played = 0, before = t_open_descriptors();

	if (count > 1)
		play(seed);
	for (; count == 1 && t_now_ms() < end && t_failures == 0; played++)
		play(seed + (uint64_t)played);
	T_EQ(t_open_descriptors(), before);
	printf("%d fan-outs\n", played);
	return t_done();
}
