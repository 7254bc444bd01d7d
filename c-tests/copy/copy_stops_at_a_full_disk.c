/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file system of 256 KiB is full in the middle of a copy: ENOSPC on the side of the output, which holds
 * exactly the bytes that the result counts. Offsets agree, and what was taken from a pipe or socket and not
 * stored is in flight. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define ROOM (256 << 10)

static void filled(enum t_place from, uint32_t avoid, uint32_t flags, int with)
{
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	struct zs_result result = t_unwritten();
	int out = t_new("full/file");
	int64_t off = 0;

	T_EQ(T_COPY(pair->in, NULL, out, with ? &off : NULL, ZS_TO_END, &result, .avoid = avoid,
	     .flags = flags), -1);
	T_EQ(errno, ENOSPC);
	if (!OK(result.error == ENOSPC && result.side == ZS_SIDE_OUT) |
	    !OK(result.bytes > ROOM / 2 && result.bytes <= ROOM && result.bytes == (uint64_t)t_size(out)) |
	    !OK(t_has_pattern(out, 0, result.bytes, 0)) |
	    !T_EQ(with ? off : t_position(out), (int64_t)result.bytes) |
	    !OK(!with || t_position(out) == 0))
		fprintf(stderr, "... from %s avoid %s with %d: bytes %llu of %lld, side %s, via %s\n",
			t_place_name(from), t_via_words(avoid), with, (unsigned long long)result.bytes,
			(long long)t_size(out), t_side_word(result.side), t_via_words(result.via));
	if (from == T_AT_FILE)
		OK(result.in_flight == 0 && t_position(pair->in) == (int64_t)result.bytes);
	else /* what follows was not taken */
		OK(t_gives_pattern(pair->in, T_PAIR_LEN - result.bytes - result.in_flight,
				   result.bytes + result.in_flight));
	MUST(close(out) == 0 && unlink("full/file") == 0);
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
}

/* With the input on the same file system, for copy_file_range(2). */
static void within(uint32_t avoid)
{
	struct zs_result result;
	int in = t_new("full/in"), out = t_new("full/out");
	int64_t off = 0;

	t_put_pattern(in, 0, ROOM * 3 / 4, 0);
	T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .avoid = avoid), -1);
	T_EQ(errno, ENOSPC);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.in_flight, 0);
	T_EQ(off, (int64_t)result.bytes);
	OK(result.bytes > 0 && result.bytes == (uint64_t)t_size(out));
	OK(t_has_pattern(out, 0, result.bytes, 0));
	MUST(close(in) == 0 && close(out) == 0 && unlink("full/in") == 0 && unlink("full/out") == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, T_ALL_VIA & ~ZS_VIA_READ_WRITE,
					   ZS_VIA_READ_WRITE };

	t_own_mounts();
	if (!t_mount("full", "tmpfs", "size=256k"))
		t_skip("tmpfs cannot be mounted here");
	for (int i = 0; i < 4; i++) {
		for (int from = 0; from < T_PLACES; from++)
			for (int with = 0; with < 2; with++) {
				filled((enum t_place)from, avoids[i], 0, with);
				filled((enum t_place)from, avoids[i], ZS_NO_CLONE, with);
			}
		within(avoids[i]);
	}
	return t_done();
}
