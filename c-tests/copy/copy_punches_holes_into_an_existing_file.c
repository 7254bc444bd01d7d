/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Into an existing file a hole is punched, so that it reads as zeroes and takes no room; where the file
 * system cannot, zeroes are written. What lies beside it stays. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define KIB 1024
#define LEN (1024 * KIB)

static void into(int out, int64_t at, int can_punch, uint32_t flags)
{
	struct zs_result result;
	int in = t_file(0);
	int64_t off = at, stored;

	/* 256 KiB of a hole, 64 KiB, a hole, 64 KiB, 384 KiB of a hole. */
	t_put_pattern(in, 256 * KIB, 64 * KIB, 0);
	t_put_pattern(in, 576 * KIB, 64 * KIB, 1000);
	MUST(ftruncate(in, LEN) == 0);
	t_put_pattern(out, 0, 2 * LEN, 7);
	MUST(ftruncate(out, 2 * LEN) == 0);
	stored = t_stored(out);
	T_EQ(T_COPY(in, NULL, out, &off, ZS_TO_END, &result, .flags = flags), LEN);
	if (T_EQ(off, at + LEN))
		T_EQ(t_size(out), 2 * LEN);
	OK(t_has_pattern(out, 0, (size_t)at, 7));
	OK(t_has_bytes(out, at, 256 * KIB, 0) && t_has_bytes(out, at + 320 * KIB, 256 * KIB, 0));
	OK(t_has_bytes(out, at + 640 * KIB, 384 * KIB, 0));
	OK(t_has_pattern(out, at + 256 * KIB, 64 * KIB, 0));
	OK(t_has_pattern(out, at + 576 * KIB, 64 * KIB, 1000));
	OK(t_has_pattern(out, at + LEN, (size_t)(LEN - at), 7 + (uint64_t)(at + LEN)));
	if (can_punch && !(flags & ZS_FILL_HOLES)) {
		T_EQ(result.holes, LEN - 128 * KIB);
		OK(t_stored(out) <= stored - (LEN - 128 * KIB) + 64 * KIB);
	} else {
		T_EQ(result.holes, 0);
		OK(t_stored(out) >= stored);
	}
	MUST(close(in) == 0);
}

int main(void)
{
	int out = t_file(0), memory = memfd_create("t", 0);

	into(out, 0, 1, 0);
	into(out, 64 * KIB, 1, 0);
	into(out, 12345, 1, 0);
	into(out, 4096, 1, ZS_FILL_HOLES);
	into(memory, 64 * KIB, 1, 0);
	t_own_mounts();
	if (!t_mount("ramfs", "ramfs", NULL))
		t_skip("ramfs cannot be mounted here");
	into(t_new("ramfs/file"), 0, 0, 0);
	into(t_new("ramfs/other"), 12345, 0, 0);
	return t_done();
}
