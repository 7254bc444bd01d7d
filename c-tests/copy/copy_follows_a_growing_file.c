/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZS_TO_END follows a file that grows during the copy, until a read returns 0. A file that shrinks ends at its
 * new end. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define STEP 50000
#define ENOUGH (10 * STEP) /* a pipe has room for each byte that proves an end wrong */

static int in;
static int64_t grown;

static int grows(void *context, const struct zs_result *so_far)
{
	(void)context;
	if ((int64_t)so_far->bytes == grown && grown < ENOUGH) {
		t_put_pattern(in, grown, STEP, (uint64_t)grown);
		grown += STEP;
	}
	return 0;
}

static int shrinks(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	MUST(ftruncate(in, 5 << 20) == 0);
	return 0;
}

static void followed(enum t_place to, uint32_t flags, uint32_t avoid)
{
	struct zs_result result;
	int out[2];

	in = t_file(STEP);
	grown = STEP;
	if (to == T_AT_FILE) {
		out[0] = out[1] = t_file(0);
	} else {
		t_stream((enum t_stream)(to - 1), out);
		if (to == T_AT_PIPE)
			MUST(fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
	}
	if (to == T_AT_FILE || to == T_AT_PIPE) {
		T_EQ(T_COPY(in, NULL, out[1], NULL, ZS_TO_END, &result, .progress = grows, .flags = flags,
		     .avoid = avoid), ENOUGH);
		if (T_EQ(grown, ENOUGH) && T_EQ(result.bytes, ENOUGH))
			T_EQ(t_position(in), ENOUGH);
		MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
		OK(t_gives_pattern(out[0], ENOUGH, 0));
		OK(to != T_AT_FILE || t_size(out[0]) == ENOUGH);
	}
	MUST(close(in) == 0 && close(out[0]) == 0 && (out[0] == out[1] || close(out[1]) == 0));
}

static void shrunk(uint32_t flags, uint32_t avoid)
{
	struct zs_result result;
	int out = t_file(0);
	int64_t moved;

	in = t_file(0);
	t_put_pattern(in, 0, 32 << 20, 0);
	moved = T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .progress = shrinks, .flags = flags,
		       .avoid = avoid);
	OK(moved >= 5 << 20 || moved == t_position(in));
	OK(moved <= 5 << 20 || moved <= 16 << 20);
	OK(result.bytes == (uint64_t)moved && t_size(out) == moved && t_position(in) == moved);
	OK(t_has_pattern(out, 0, (size_t)moved, 0));
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_COPY_RANGE, ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };

	for (int i = 0; i < 5; i++) {
		followed(T_AT_FILE, 0, avoids[i]);
		followed(T_AT_FILE, ZS_NO_CLONE, avoids[i]);
		followed(T_AT_PIPE, 0, avoids[i]);
		shrunk(0, avoids[i]);
		shrunk(ZS_NO_CLONE, avoids[i]);
	}
	return t_done();
}
