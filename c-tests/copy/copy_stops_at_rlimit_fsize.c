/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RLIMIT_FSIZE is reached in the middle of a copy: EFBIG on the side of the output, which holds exactly the
 * bytes that the result counts, and SIGXFSZ as from the kernel. */
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
	return t_done();
}
