/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On xfs and btrfs a copy shares blocks with the input, and with ZS_CLONE it has to: every block that lies
 * wholly in both ranges is shared, and the unaligned head and tail are copied. With ZS_NO_CLONE nothing is
 * shared, and no mechanism that might share is tried. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define BLOCK 4096
#define LEN (64 * BLOCK + 1000) /* a last block that is not full */
#define OLD (100 * BLOCK + 17)

struct copy {
	int64_t from, to;
	uint64_t len;
	int64_t old;    /* how long the output is before */
	int64_t shared; /* by ZS_CLONE */
};

static const struct copy copies[] = {
	{ 0, 0, ZS_TO_END, 0, 65 * BLOCK },
	{ 0, 0, LEN, 0, 65 * BLOCK },
	{ 0, 0, 64 * BLOCK, 0, 64 * BLOCK },
	{ 0, 4 * BLOCK, ZS_TO_END, 0, 65 * BLOCK },
	{ 4 * BLOCK, 0, ZS_TO_END, 0, 61 * BLOCK },
	{ 100, BLOCK + 100, 40 * BLOCK, 0, 39 * BLOCK },       /* head and tail */
	{ 100, 100, ZS_TO_END, 0, 64 * BLOCK },                /* head, and the last block */
	{ 0, 0, 40 * BLOCK + 1, 0, 40 * BLOCK },               /* tail */
	{ BLOCK - 1, BLOCK - 1, BLOCK + 2, 0, BLOCK },         /* one block between two bytes */
	{ 0, 0, ZS_TO_END, OLD, 64 * BLOCK },                  /* the output goes on behind the end */
	{ 0, 0, ZS_TO_END, LEN, 65 * BLOCK },                  /* it ends there, too */
	{ 0, 0, ZS_TO_END, LEN + 1, 64 * BLOCK },
	{ 0, 40 * BLOCK, ZS_TO_END, OLD, 65 * BLOCK },
	{ 10, 10, 50, 0, 0 },                                  /* no whole block: all is copied */
	{ 1, 1, 2 * BLOCK - 2, OLD, 0 },
	{ LEN - 5, 2 * BLOCK - 5, ZS_TO_END, 0, 0 },
};

/* How many bytes of the copy are shared. */
static int64_t copied(const char *where, const struct copy *c, uint32_t flags, int positions,
		      struct zs_result *result)
{
	int in = t_new_in(where), out = t_new_in(where);
	int64_t off_in = c->from, off_out = c->to, end, shared;
	uint64_t moved = c->len < (uint64_t)(LEN - c->from) ? c->len : (uint64_t)(LEN - c->from);

	t_put_pattern(in, 0, LEN, 0);
	t_put_pattern(out, 0, (size_t)c->old, 9);
	MUST(fsync(in) == 0);
	MUST(lseek(in, c->from, SEEK_SET) >= 0 && lseek(out, c->to, SEEK_SET) >= 0);
	T_EQ(T_COPY(in, positions ? NULL : &off_in, out, positions ? NULL : &off_out, c->len, result,
	     .flags = flags), (int64_t)moved);
	end = c->to + (int64_t)moved;
	if (!OK(result->bytes == moved && result->error == 0) |
	    !T_EQ(positions ? t_position(in) : off_in, c->from + (int64_t)moved) |
	    !T_EQ(positions ? t_position(out) : off_out, end) |
	    !T_EQ(t_size(out), (end > c->old ? end : c->old)) |
	    !OK(t_has_pattern(out, c->to, moved, (uint64_t)c->from)) |
	    !OK(t_has_pattern(out, 0, (size_t)(c->to < c->old ? c->to : c->old), 9)) |
	    !OK(end >= c->old || t_has_pattern(out, end, (size_t)(c->old - end), 9 + (uint64_t)end)))
		fprintf(stderr, "... %s: %lld to %lld, old %lld, flags %s: via %s errno %s\n", where,
			(long long)c->from, (long long)c->to, (long long)c->old, t_flag_words(flags),
			t_via_words(result->via), t_errno_name(errno));
	shared = t_shared(out);
	MUST(close(in) == 0 && close(out) == 0);
	return shared;
}

static void never(void *argument)
{
	t_deny_via(ZS_VIA_CLONE | ZS_VIA_COPY_RANGE, T_KILLED);
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i += 3) {
		struct zs_result result;

		T_EQ(copied(argument, &copies[i], ZS_NO_CLONE, 0, &result), 0);
		T_EQ(result.via & (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE), 0);
	}
}

static void on(char *where)
{
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
		for (int positions = 0; positions < 2; positions++) {
			const struct copy *c = &copies[i];
			struct zs_result result;
			int64_t must = copied(where, c, ZS_CLONE, positions, &result), may;

			if (!T_EQ(must, c->shared) | !T_EQ(!(result.via & ZS_VIA_CLONE), !c->shared) |
			    !OK(result.copied < 2 * BLOCK && result.holes == 0))
				fprintf(stderr, "... %s %zu: %lld shared, via %s, copied %llu\n", where, i,
					(long long)must, t_via_words(result.via),
					(unsigned long long)result.copied);
			may = copied(where, c, 0, positions, &result);
			/* For one or two blocks sharing is not tried: it does not pay. */
			if (!OK(may == c->shared || (c->len <= 2 * BLOCK && may == 0)))
				fprintf(stderr, "... %s %zu by itself, positions %d: %lld shared, not %lld, "
					"via %s\n", where, i, positions, (long long)may, (long long)c->shared,
					t_via_words(result.via));
		}
	T_CHILD(never, where);
}

int main(void)
{
	static char types[2][8] = { "xfs", "btrfs" };

	t_own_mounts();
	for (int i = 0; i < 2; i++) {
		const char *reason = t_file_system(types[i]);

		if (reason)
			t_skip(reason);
		on(types[i]);
	}
	return t_done();
}
