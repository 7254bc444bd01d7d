/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Without an offset the position of a descriptor is used and advances by exactly what was copied. With an
 * offset the position stays and the offset advances. This holds for every mechanism, in the middle and at the
 * end. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 200000
#define AT_IN 1234
#define AT_OUT 777

static void copied(int with_in, int with_out, uint64_t len, uint32_t avoid, uint32_t flags, int sparse)
{
	struct zs_result result;
	int in = t_file(0), out = t_file(0);
	uint64_t moved = len < LEN - AT_IN ? len : LEN - AT_IN;
	int64_t off_in = AT_IN, off_out = AT_OUT;

	t_put_pattern(in, 0, sparse ? 20000 : LEN, 0);
	t_put_pattern(in, LEN - 20000, 20000, LEN - 20000);
	MUST(lseek(in, with_in ? 55 : AT_IN, SEEK_SET) >= 0);
	MUST(lseek(out, with_out ? 66 : AT_OUT, SEEK_SET) >= 0);
	T_EQ(T_COPY(in, with_in ? &off_in : NULL, out, with_out ? &off_out : NULL, len, &result, .avoid = avoid,
	     .flags = flags), (int64_t)moved);
	if (!T_EQ(t_position(in), (with_in ? 55 : AT_IN + (int64_t)moved)) |
	    !T_EQ(t_position(out), (with_out ? 66 : AT_OUT + (int64_t)moved)) |
	    !T_EQ(off_in, AT_IN + (with_in ? (int64_t)moved : 0)) |
	    !T_EQ(off_out, AT_OUT + (with_out ? (int64_t)moved : 0)))
		fprintf(stderr, "... with %d %d len %llu avoid %s flags %s sparse %d: via %s\n", with_in,
			with_out, (unsigned long long)len, t_via_words(avoid), t_flag_words(flags), sparse,
			t_via_words(result.via));
	if (T_EQ(t_size(out), AT_OUT + (int64_t)moved))
		OK(t_has_bytes(out, 0, AT_OUT, 0));
	T_EQ(result.bytes, moved);
	if (moved > 0)
		OK(t_has_pattern(out, AT_OUT, moved < 10000 ? moved : 10000, AT_IN));
	if (moved == LEN - AT_IN)
		OK(t_has_pattern(out, AT_OUT + LEN - AT_IN - 20000, 20000, LEN - 20000));
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	static const uint64_t lens[] = { 1, 4096, 100000, LEN - AT_IN, LEN, ZS_TO_END };
	static const uint32_t avoids[] = {
		0, ZS_VIA_CLONE | ZS_VIA_COPY_RANGE,
		ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE, ~(uint32_t)ZS_VIA_READ_WRITE,
		ZS_VIA_READ_WRITE,
	};
	static const uint32_t flags[] = { 0, ZS_NO_CLONE, ZS_STABLE, ZS_FILL_HOLES };

	for (int with = 0; with < 4; with++)
		for (int len = 0; len < 6; len++)
			for (int avoid = 0; avoid < 5; avoid++)
				for (int flag = 0; flag < 4; flag++)
					for (int sparse = 0; sparse < 2; sparse++) {
						/* Zeroes are written by read and write only. */
						if (sparse && flags[flag] == ZS_FILL_HOLES &&
						    avoids[avoid] == ZS_VIA_READ_WRITE)
							continue;
						copied(with & 1, with >> 1, lens[len], avoids[avoid],
						       flags[flag], sparse);
					}
	return t_done();
}
