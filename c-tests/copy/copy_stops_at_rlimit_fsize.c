/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RLIMIT_FSIZE is reached in the middle of a copy, in data or in a hole: EFBIG on the side of the output, which holds
 * all that it may, exactly the bytes that the result counts, and SIGXFSZ as from the kernel. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define ROOM 150001

static void limited(enum t_place from, uint32_t avoid, int with)
{
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	struct rlimit limit, before;
	struct zs_result result = t_unwritten();
	int64_t off = 0;

	MUST(getrlimit(RLIMIT_FSIZE, &before) == 0);
	limit = before;
	limit.rlim_cur = ROOM;
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	t_signals = 0;
	T_EQ(T_COPY(pair->in, NULL, pair->out, with ? &off : NULL, ZS_TO_END, &result, .avoid = avoid), -1);
	T_EQ(errno, EFBIG);
	MUST(setrlimit(RLIMIT_FSIZE, &before) == 0);
	if (!OK(result.error == EFBIG && result.side == ZS_SIDE_OUT) |
	    !OK(result.bytes == ROOM && t_size(pair->out) == ROOM) |
	    !OK(t_has_pattern(pair->out, 0, ROOM, 0)) |
	    !OK((with ? off : t_position(pair->out)) == ROOM && t_signals >= 1))
		fprintf(stderr, "... from %s avoid %s with %d: bytes %llu of %lld, side %s, via %s, %d "
			"signals\n", t_place_name(from), t_via_words(avoid), with,
			(unsigned long long)result.bytes, (long long)t_size(pair->out),
			t_side_word(result.side), t_via_words(result.via), (int)t_signals);
	if (from == T_AT_FILE)
		OK(result.in_flight == 0 && t_position(pair->in) == ROOM);
	else
		OK(t_gives_pattern(pair->in, T_PAIR_LEN - ROOM - result.in_flight, ROOM + result.in_flight));
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
}

/* A hole from 4096 on, which ends the file or has data behind it. `old`: the output has so many bytes before. */
static void limited_in_a_hole(int64_t size, int64_t old, const struct zs_options *options)
{
	struct rlimit limit, before;
	struct zs_result result = t_unwritten();
	int in = t_file(0), out = t_file(0);

	t_scene("a hole up to %lld, %lld bytes before, flags %x, limits %d", (long long)size, (long long)old,
		options->flags, options->timeout_ns != 0);
	t_put_pattern(in, 0, 4096, 0);
	if (size > 1000000)
		t_put_pattern(in, 1000000, (size_t)(size - 1000000), 1000000);
	MUST(ftruncate(in, size) == 0);
	t_put_pattern(out, 0, (size_t)old, 0);
	MUST(getrlimit(RLIMIT_FSIZE, &before) == 0);
	limit = before;
	limit.rlim_cur = ROOM;
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	t_signals = 0;
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, options, &result), -1);
	T_EQ(errno, EFBIG);
	MUST(setrlimit(RLIMIT_FSIZE, &before) == 0);
	OK(result.error == EFBIG && result.side == ZS_SIDE_OUT && result.in_flight == 0 && t_signals >= 1);
	T_EQ(result.bytes, ROOM);
	OK(result.holes == (options->flags & ZS_FILL_HOLES ? 0 : ROOM - 4096));
	T_EQ(t_size(out), ROOM);
	T_EQ(t_position(in), ROOM);
	T_EQ(t_position(out), ROOM);
	OK(t_has_pattern(out, 0, 4096, 0) && t_has_bytes(out, 4096, ROOM - 4096, 0));
	MUST(close(in) == 0 && close(out) == 0);
}

static void in_holes(void)
{
	static const uint32_t flags[] = { 0, ZS_NO_CLONE, ZS_FILL_HOLES };

	for (int i = 0; i < 3 * 2 * 2 * 2; i++) {
		struct zs_options options = { .flags = flags[i % 3], .timeout_ns = i / 3 % 2 ? T_MS(60000) : 0 };

		limited_in_a_hole(i / 6 % 2 ? 1000000 : 1050000, i / 12 ? 0 : 50000, &options);
	}
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_COPY_RANGE, ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };
	struct sigaction action = { .sa_handler = t_count_signal };

	MUST(sigaction(SIGXFSZ, &action, NULL) == 0);
	for (int i = 0; i < 5; i++)
		for (int from = 0; from < T_PLACES; from++)
			for (int with = 0; with < 2; with++)
				limited((enum t_place)from, avoids[i], with);
	in_holes();
	return t_done();
}
