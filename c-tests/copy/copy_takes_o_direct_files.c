/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files opened with O_DIRECT are copied as far as read(2) and write(2) with aligned memory would copy them,
 * with every byte accounted for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (1 << 20)

static void input(enum t_place to, size_t len, uint32_t avoid)
{
	struct zs_result result;
	int file = t_file(len), in = t_reopen(file, O_RDONLY | O_DIRECT), out[2];

	if (to == T_AT_FILE) {
		out[0] = out[1] = t_file(0);
	} else {
		t_stream((enum t_stream)(to - 1), out);
		MUST(to != T_AT_PIPE || fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
	}
	if (!T_EQ(T_COPY(in, NULL, out[1], NULL, ZS_TO_END, &result, .avoid = avoid), (int64_t)len))
		fprintf(stderr, "... to %s, %zu, avoid %s: errno %s, bytes %llu, via %s, side %s\n",
			t_place_name(to), len, t_via_words(avoid), t_errno_name(errno),
			(unsigned long long)result.bytes, t_via_words(result.via), t_side_word(result.side));
	T_EQ(t_position(in), (int64_t)result.bytes);
	if (to == T_AT_FILE)
		OK(t_same_bytes(file, out[0]));
	else
		OK(t_gives_pattern(out[0], len, 0));
	MUST(close(in) == 0 && close(file) == 0 && close(out[0]) == 0);
	MUST(out[0] == out[1] || close(out[1]) == 0);
}

/* Whole blocks are taken; a last one that is not whole may be EINVAL. */
static void output(size_t len, uint32_t avoid)
{
	struct zs_result result;
	int in = t_file(len), file = t_file(0), out = t_reopen(file, O_WRONLY | O_DIRECT);
	int64_t moved = T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .avoid = avoid);

	if (len % 4096 == 0)
		T_EQ(moved, (int64_t)len);
	else
		OK(moved == (int64_t)len || (moved == -1 && errno == EINVAL && result.side == ZS_SIDE_OUT));
	if (!OK(result.bytes == (uint64_t)t_size(file) && (moved >= 0 || result.bytes % 4096 == 0)) |
	    !OK(t_position(in) == (int64_t)result.bytes && t_position(out) == (int64_t)result.bytes))
		fprintf(stderr, "... %zu avoid %s: errno %s, bytes %llu of %lld, via %s\n", len,
			t_via_words(avoid), t_errno_name(errno), (unsigned long long)result.bytes,
			(long long)t_size(file), t_via_words(result.via));
	OK(t_has_pattern(file, 0, result.bytes, 0));
	T_EQ(result.in_flight, 0);
	MUST(close(in) == 0 && close(file) == 0 && close(out) == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_COPY_RANGE, ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE };
	int file = t_file(4096), direct;
	char name[64];

	snprintf(name, sizeof name, "/proc/self/fd/%d", file);
	if ((direct = open(name, O_RDONLY | O_DIRECT)) < 0)
		t_skip("there is no O_DIRECT on this file system");
	for (int i = 0; i < 4; i++) {
		for (int to = T_AT_FILE; to <= T_AT_PIPE; to++) {
			input((enum t_place)to, 4096, avoids[i]);
			input((enum t_place)to, LEN / 2, avoids[i]);
			input((enum t_place)to, 5000, avoids[i]);
			input((enum t_place)to, 300001, avoids[i]);
			input((enum t_place)to, 0, avoids[i]);
		}
		output(LEN, avoids[i]);
		output(4096, avoids[i]);
		output(300001, avoids[i]);
	}
	return t_done();
}
