/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blocks that were allocated behind the end of the output (FALLOC_FL_KEEP_SIZE) do not stay where the input has
 * holes, on ext4 neither, which does not punch behind the end of a file. */
/* ways: shared */
#include <linux/falloc.h>
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define MIB (1 << 20)
#define LEN (16 * MIB)

static void on(const char *where)
{
	struct zs_result result;
	int in = t_new_in(where), out = t_new_in(where);
	int64_t off = 0;

	t_put_pattern(in, 0, 4096, 0);
	t_put_pattern(in, 8 * MIB, 4096, 9);
	MUST(ftruncate(in, LEN) == 0 && fsync(in) == 0);
	if (fallocate(out, FALLOC_FL_KEEP_SIZE, 0, LEN) == 0) {
		OK(t_stored(out) >= LEN && t_size(out) == 0);
		T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .flags = ZS_NO_CLONE), LEN);
		MUST(fsync(out) == 0);
		OK(result.holes >= LEN - 4 * 65536);
		if (!OK(t_stored(out) <= 4 * 65536))
			fprintf(stderr, "... on %s %lld are stored\n", where, (long long)t_stored(out));
		OK(t_same_bytes(in, out));
	}
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	static char types[2][8] = { "ext4", "xfs" };
	const char *why = NULL;

	on(".");
	t_own_mounts();
	MUST(t_mount("tmpfs", "tmpfs", NULL));
	on("tmpfs");
	for (int i = 0; i < 2; i++) {
		const char *reason = t_file_system(types[i]);

		why = reason ? reason : why;
		if (!reason)
			on(types[i]);
	}
	if (why)
		t_skip(why);
	return t_done();
}
