/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output with O_APPEND may be the input itself, by the same open file description: a bounded length is copied
 * to its end, though every write moves the position that the two share. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define SIZE (2 << 20)
#define LEN (1500000)

static void appended(int with_offset, struct zs_options options)
{
	struct zs_result result = t_unwritten();
	int both = t_file(SIZE), out;
	int64_t off = 1000;

	MUST(fcntl(both, F_SETFL, O_APPEND) == 0 && lseek(both, 1000, SEEK_SET) == 1000);
	MUST((out = dup(both)) >= 0);
	if (!T_EQ(zs_copy(both, with_offset ? &off : NULL, out, NULL, LEN, &options, &result), LEN))
		fprintf(stderr, "... with offset %d, avoid %s\n", with_offset, t_via_words(options.avoid));
	T_EQ(result.bytes, LEN);
	T_EQ(result.in_flight, 0);
	T_EQ(result.error, 0);
	OK(!with_offset || off == 1000 + LEN);
	OK(t_size(both) == SIZE + LEN && t_has_pattern(both, 0, SIZE, 0) && t_has_pattern(both, SIZE, LEN, 1000));
	MUST(close(both) == 0 && close(out) == 0);
}

int main(void)
{
	for (int with_offset = 0; with_offset < 2; with_offset++) {
		appended(with_offset, (struct zs_options){ 0 });
		appended(with_offset, (struct zs_options){ .timeout_ns = T_MS(60000) });
		appended(with_offset, (struct zs_options){ .avoid = ZS_VIA_COPY_RANGE });
		appended(with_offset, (struct zs_options){ .avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE });
	}
	return t_done();
}
