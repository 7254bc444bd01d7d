/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A copy from one file system to another is no clone and no copy_file_range(2): the result says EXDEV. Within one that
 * cannot share blocks it says what FICLONERANGE has returned. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN 300000

static void copies(int in, int out, uint32_t refused, int refusal)
{
	struct zs_result result = t_unwritten();

	MUST(lseek(in, 0, SEEK_SET) == 0);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), LEN);
	T_EQ(result.refused & refused, refused);
	T_EQ(result.refused & result.via, 0);
	T_EQ(result.refusal, refusal);
	OK(t_has_pattern(out, 0, LEN, 0));
}

int main(void)
{
	struct zs_result result;
	int here = t_file(LEN), there, in;

	t_own_mounts();
	MUST(t_mount("one", "tmpfs", NULL) && t_mount("other", "ramfs", NULL));
	there = t_new_in("one");
	t_put_pattern(there, 0, LEN, 0);

	t_scene("always, across");
	T_EQ(T_COPY(here, NULL, t_new_in("one"), NULL, ZS_TO_END, &result, .flags = ZS_CLONE), -1);
	OK(T_IS(result, .error = EXDEV, .side = result.side, .refused = ZS_VIA_CLONE, .refusal = EXDEV));

	t_scene("within tmpfs");
	copies(there, t_new_in("one"), ZS_VIA_CLONE, EOPNOTSUPP);

	/* Of Linux 5.3 to 5.18, copy_file_range(2) copies across file systems. */
	if (t_kernel_is_older(5, 19))
		return t_done();
	t_scene("to tmpfs");
	copies(here, t_new_in("one"), ZS_VIA_COPY_RANGE, EXDEV);
	t_scene("to ramfs");
	copies(there, t_new_in("other"), ZS_VIA_COPY_RANGE, EXDEV);
	t_scene("from tmpfs");
	in = t_file(0);
	copies(there, in, ZS_VIA_COPY_RANGE, EXDEV);
	return t_done();
}
