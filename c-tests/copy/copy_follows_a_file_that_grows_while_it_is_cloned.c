/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is appended to a file while its blocks are shared is copied, too: from the file's own position, and from an
 * offset. The test answers FICLONERANGE itself, so that no file system is needed that can share. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (256 << 10)
#define MORE 5000

static int in;

static int64_t clones(const uint64_t *args, int earlier)
{
	const struct file_clone_range *range = (const void *)(uintptr_t)args[2];
	static char bytes[LEN];

	if ((uint32_t)args[1] != FICLONERANGE)
		return T_CONTINUE;
	MUST(earlier == 0 && range->src_length == LEN && range->src_fd == in);
	MUST(pread(in, bytes, LEN, (off_t)range->src_offset) == LEN);
	MUST(pwrite((int)args[0], bytes, LEN, (off_t)range->dest_offset) == LEN);
	t_put_pattern(in, LEN, MORE, LEN);
	return 0;
}

static void grows(void *with_offset)
{
	struct zs_result result = t_unwritten();
	int out = t_file(0);
	int64_t off = 0;

	in = t_file(LEN);
	t_intercept(SYS_ioctl, clones);
	T_EQ(zs_copy(in, with_offset ? &off : NULL, out, NULL, ZS_TO_END, NULL, &result), LEN + MORE);
	T_EQ(result.bytes, LEN + MORE);
	OK((result.via & ZS_VIA_CLONE) && result.via != ZS_VIA_CLONE);
	T_EQ(with_offset ? off : t_position(in), LEN + MORE);
	T_EQ(t_position(out), LEN + MORE);
	OK(t_same_bytes(in, out));
}

int main(void)
{
	T_CHILD(grows, NULL);
	T_CHILD(grows, "");
	return t_done();
}
