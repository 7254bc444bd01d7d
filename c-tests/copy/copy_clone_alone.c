/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With every mechanism but clone avoided, a range that can be shared is shared to its exact length. Where a
 * head or a tail would have to be copied, nothing is written. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define BLOCK 4096
#define LEN (64 * BLOCK)
#define OTHERS (T_ALL_VIA & ~ZS_VIA_CLONE)

static void shared(const char *where, uint64_t len, uint32_t flags)
{
	struct zs_result result = t_unwritten();
	int in = t_new_in(where), out = t_new_in(where);
	int64_t moved = len < LEN ? (int64_t)len : LEN;

	t_put_pattern(in, 0, LEN, 0);
	MUST(fsync(in) == 0);
	if (!T_EQ(T_COPY(in, NULL, out, NULL, len, &result, .avoid = OTHERS, .flags = flags), moved))
		fprintf(stderr, "... on %s, len %llu, flags %s: errno %s\n", where, (unsigned long long)len,
			t_flag_words(flags), t_errno_name(errno));
	OK(T_IS(result, .bytes = (uint64_t)moved, .via = ZS_VIA_CLONE));
	OK(t_size(out) == moved && t_has_pattern(out, 0, (size_t)moved, 0) && t_position(in) == moved);
	MUST(close(in) == 0 && close(out) == 0);
}

static void refused(const char *where, int64_t from, uint64_t len)
{
	struct zs_result result = t_unwritten();
	int in = t_new_in(where), out = t_new_in(where);
	int64_t off_in = from, off_out = from;

	t_scene("on %s, from %lld, len %llu", where, (long long)from, (unsigned long long)len);
	t_put_pattern(in, 0, LEN + 1000, 0);
	t_put_pattern(out, 0, 2 * LEN, 9);
	MUST(fsync(in) == 0 && fsync(out) == 0);
	T_EQ(T_COPY(in, &off_in, out, &off_out, len, &result, .avoid = OTHERS, .flags = ZS_CLONE), -1);
	T_EQ(errno, EOPNOTSUPP);
	OK(T_IS(result, .error = EOPNOTSUPP, .side = ZS_SIDE_CALL));
	T_EQ(off_in, from);
	T_EQ(off_out, from);
	OK(t_size(out) == 2 * LEN && t_has_pattern(out, 0, 2 * LEN, 9) && t_shared(out) == 0);
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	static char types[2][8] = { "xfs", "btrfs" };

	t_own_mounts();
	for (int i = 0; i < 2; i++) {
		const char *reason = t_file_system(types[i]);

		if (reason)
			t_skip(reason);
		shared(types[i], LEN, 0);
		shared(types[i], LEN, ZS_CLONE);
		shared(types[i], LEN / 2, ZS_CLONE);
		refused(types[i], 0, ZS_TO_END);
		refused(types[i], 0, 10 * BLOCK + 1);
		refused(types[i], 100, 10 * BLOCK - 100);
	}
	return t_done();
}
