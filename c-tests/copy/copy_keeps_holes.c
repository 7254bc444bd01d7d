/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Holes of a file are holes in its copy, at the front, in the middle and at the end, and the result counts
 * every byte of them. It is tried on tmpfs, and on ext4, xfs and btrfs where these can be made, with and
 * without offsets, and with ZS_NO_CLONE, since a clone includes the holes anyway. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define MIB (1 << 20)
#define LEN (8 * MIB)

struct shape { int count; struct { int64_t at; size_t len; } data[4]; };

static const struct shape shapes[] = {
	{ 0, { { 0, 0 } } },                                            /* nothing but a hole */
	{ 1, { { 0, 2 * MIB } } },                                      /* one at the end */
	{ 1, { { LEN - 2 * MIB, 2 * MIB } } },                          /* one at the front */
	{ 3, { { 0, MIB }, { 3 * MIB, MIB }, { LEN - MIB, MIB } } },    /* two in the middle */
	{ 3, { { MIB, 65536 }, { 2 * MIB, 131072 }, { 5 * MIB, 1000 } } },
	{ 1, { { 4 * MIB + 5000, 3 } } },
};

static int64_t next(int fd, int64_t at, int whence)
{
	return lseek(fd, at, whence);
}

/* How many bytes between two offsets are holes, as lseek(2) reports it. */
static int64_t holes_of(int fd, int64_t from, int64_t to)
{
	int opened = t_reopen(fd, O_RDONLY);
	int64_t holes = 0;

	for (int64_t at = from; at < to;) {
		int64_t data = next(opened, at, SEEK_DATA);

		data = data < 0 || data > to ? to : data;
		holes += data - at;
		if (data == to)
			break;
		at = next(opened, data, SEEK_HOLE);
		MUST(at > data);
	}
	MUST(close(opened) == 0);
	return holes;
}

static void kept(const char *where, int shape, int with, uint32_t avoid, int64_t from)
{
	struct zs_result result;
	int in = t_new_in(where), out = t_new_in(where);
	int64_t off_in = from, off_out = 0, holes;

	for (int i = 0; i < shapes[shape].count; i++)
		t_put_pattern(in, shapes[shape].data[i].at, shapes[shape].data[i].len,
			      (uint64_t)shapes[shape].data[i].at);
	MUST(ftruncate(in, LEN) == 0);
	holes = holes_of(in, from, LEN);
	MUST(lseek(in, from, SEEK_SET) == from);
	T_EQ(T_COPY(in, with & 1 ? &off_in : NULL, out, with & 2 ? &off_out : NULL, ZS_TO_END, &result,
	     .flags = ZS_NO_CLONE, .avoid = avoid), LEN - from);
	if (T_EQ(result.bytes, (uint64_t)(LEN - from)))
		T_EQ(t_size(out), LEN - from);
	OK(from != 0 || t_same_bytes(in, out));
	if (!T_EQ(result.holes, (uint64_t)holes) |
	    !OK(holes_of(out, 0, LEN - from) >= holes) |
	    !OK(result.copied + result.holes == result.bytes || avoid != (T_ALL_VIA & ~ZS_VIA_READ_WRITE)))
		fprintf(stderr, "... %s, shape %d, with %d, avoid %s: %llu holes, not %lld; it has %lld\n",
			where, shape, with, t_via_words(avoid), (unsigned long long)result.holes,
			(long long)holes, (long long)holes_of(out, 0, LEN - from));
	MUST(close(in) == 0 && close(out) == 0);
}

static void on(const char *where)
{
	static const uint32_t avoids[] = { 0, T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };

	for (int shape = 0; shape < (int)(sizeof shapes / sizeof *shapes); shape++)
		for (int avoid = 0; avoid < 3; avoid++)
			for (int with = 0; with < 4; with++)
				kept(where, shape, with, avoids[avoid], with == 3 ? 2 * MIB + 4096 : 0);
}

int main(void)
{
	static char types[3][8] = { "ext4", "xfs", "btrfs" };
	const char *why = NULL;

	on(".");
	t_own_mounts();
	MUST(t_mount("tmpfs", "tmpfs", NULL));
	on("tmpfs");
	for (int i = 0; i < 3; i++) {
		const char *reason = t_file_system(types[i]);

		why = reason ? reason : why;
		if (!reason)
			on(types[i]);
	}
	if (why)
		t_skip(why);
	return t_done();
}
