/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_FILL_HOLES holes are written as zeroes: the output has no holes, and the result counts none. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MIB (1 << 20)
#define LEN (4 * MIB)

static void filled(int in, uint32_t avoid, int before)
{
	struct zs_result result;
	int out = t_file(0);

	if (before) /* holes that the output has already are filled, too */
		MUST(ftruncate(out, LEN) == 0);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, &result, .flags = ZS_FILL_HOLES, .avoid = avoid),
	     LEN);
	T_EQ(result.holes, 0);
	T_EQ(result.bytes, LEN);
	T_EQ(result.via & (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE), 0);
	OK(t_same_bytes(in, out));
	if (!OK(t_stored(out) >= LEN && lseek(out, 0, SEEK_HOLE) == LEN))
		fprintf(stderr, "... avoid %s before %d: %lld stored\n", t_via_words(avoid), before,
			(long long)t_stored(out));
	MUST(close(out) == 0);
}

int main(void)
{
	int in = t_file(0);

	t_put_pattern(in, MIB, 100000, 0);
	MUST(ftruncate(in, LEN) == 0 && t_stored(in) < MIB);
	for (int before = 0; before < 2; before++) {
		filled(in, 0, before);
		filled(in, ZS_VIA_SENDFILE, before);
		filled(in, T_ALL_VIA & ~ZS_VIA_READ_WRITE, before);
	}
	return t_done();
}
