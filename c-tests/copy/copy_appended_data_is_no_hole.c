/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Data that is appended to a file with holes while it is copied arrives as it was written. It is never taken
 * for a part of the hole before it, even if it is appended during the search for holes. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

#define HOLE ((int64_t)1 << 20)
#define PIECE 10000
/* lseek(2) and _llseek(2) have it in different places. */
#define WHENCE_AT (T_SYS_LSEEK == SYS_lseek ? 2 : 4)

static int in;
static int when, after; /* in which search for data it is appended, and whether after that search */
static int searches;

static void append(void)
{
	char bytes[PIECE];

	memset(bytes, 'x', sizeof bytes);
	MUST(pwrite(in, bytes, PIECE, HOLE) == PIECE);
}

static int64_t search(const uint64_t *a, int earlier)
{
	int now = a[WHENCE_AT] == SEEK_DATA && searches++ == when;
	int64_t position;

	(void)earlier;
	if (now && !after)
		append();
	position = t_make_with(T_SYS_LSEEK, a, 0, a[0]);
	position = position < 0 ? -errno : position;
	if (now && after)
		append();
	return position;
}

static void story(void *argument)
{
	int64_t off = 0, *from = *(int *)argument ? &off : NULL, moved, size;
	struct zs_result result = t_unwritten();
	int out = t_file(0);

	in = t_file(0);
	MUST(ftruncate(in, HOLE) == 0);
	t_intercept(T_SYS_LSEEK, search);
	moved = zs_copy(in, from, out, NULL, ZS_TO_END, NULL, &result);
	size = t_size(in);
	/* What is appended after the copy has seen the end is not copied. */
	OK(moved == HOLE || moved == size);
	T_EQ(moved, t_size(out));
	T_EQ(result.bytes, (uint64_t)moved);
	OK(t_has_bytes(out, 0, (size_t)HOLE, 0));
	if (!OK(t_has_bytes(out, HOLE, (size_t)(moved - HOLE), 'x')))
		fprintf(stderr, "... appended %s search %d\n", after ? "after" : "before", when);
	OK(searches > 0);
}

int main(void)
{
	for (int with = 0; with < 2; with++)
		for (when = 0; when < 4; when++)
			for (after = 0; after < 2; after++)
				T_CHILD(story, &with);
	return t_done();
}
