/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random bridges: sides, lengths, delays, buffers and options of all kinds, for 3 seconds. Every byte is
 * compared, and both results. An argument is the seed. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include "t_bridge.h"

static size_t length(uint64_t *chance)
{
	return t_below(chance, (size_t)1 << t_below(chance, 22));
}

static void random_side(struct t_side *side, uint64_t *chance)
{
	int small = t_one_in(chance, 3);
	size_t gives = length(chance);
	enum t_side_kind kind = (enum t_side_kind)t_below(chance, T_SIDES);

	/* TCP with buffers of one page waits for its timers. */
	t_side(side, kind, (int)t_below(chance, 2), gives, small && kind != T_BY_TCP);
	if (t_one_in(chance, 4))
		side->delay_ms = (int)t_below(chance, 30);
	if (gives < 200000 && t_one_in(chance, 3))
		side->pause_us = (int)t_below(chance, 100);
	if (t_one_in(chance, 3))
		side->gives = gives & 0xfff;
	if (kind == T_BY_FILES)
		side->gives = gives;
}

static void play(uint64_t seed)
{
	static const uint32_t avoids[] = { 0, 0, 0, ZS_VIA_SPLICE };
	uint64_t chance = seed;
	uint32_t avoid = avoids[t_below(&chance, 4)];
	uint32_t flags = (t_one_in(&chance, 5) ? ZS_STABLE : 0) | (t_one_in(&chance, 5) ? ZS_GROW_PIPE : 0);
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	struct t_side a, b;
	int good;

	random_side(&a, &chance);
	random_side(&b, &chance);
	t_side_start(&a);
	t_side_start(&b);
	errno = 123;
	good = T_EQ(T_BRIDGE(&a, &b, results, .flags = flags, .avoid = avoid, .timeout_ns = T_MS(15000)), 0);
	good &= T_EQ(errno, 123);
	for (int i = 0; i < 2; i++) {
		const struct zs_result *result = &results[i];

		good &= OK(result->bytes == (i ? b.gives : a.gives) && result->in_flight == 0 && result->error == 0);
		good &= OK(result->copied <= result->bytes && (result->via & avoid) == 0 && result->side == 0);
	}
	if (!good)
		fprintf(stderr, "... seed %#llx: %s gives %zu, %s gives %zu, flags %s: errno %s, %llu and "
			"%llu\n", (unsigned long long)seed, t_side_kind_name(a.kind), a.gives,
			t_side_kind_name(b.kind), b.gives, t_flag_words(flags), t_errno_name(errno),
			(unsigned long long)results[0].bytes, (unsigned long long)results[1].bytes);
	T_EQ(t_side_got(&a), results[1].bytes);
	T_EQ(t_side_got(&b), results[0].bytes);
}

int main(int count, char **words)
{
	uint64_t seed = count > 1 ? strtoull(words[1], NULL, 0) : t_seed() * 1000000;
	int64_t end = t_now_ms() + 3000;
	int played = 0, before = t_open_descriptors();

	if (count > 1)
		play(seed);
	for (; count == 1 && t_now_ms() < end && t_failures == 0; played++)
		play(seed + (uint64_t)played);
	T_EQ(t_open_descriptors(), before);
	printf("%d bridges\n", played);
	return t_done();
}
