/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A range of whole blocks is shared as a whole, also if it is no multiple of the largest block size there is,
 * 64 KiB. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"
#include <linux/fs.h>
#include <sys/vfs.h>

#define LEN (33 * 4096)

static struct file_clone_range asked;

static int64_t refuse(const uint64_t *args, int earlier)
{
	(void)earlier;
	if ((uint32_t)args[1] != (uint32_t)FICLONERANGE)
		return T_CONTINUE;
	asked = *(const struct file_clone_range *)(uintptr_t)args[2];
	return -EOPNOTSUPP;
}

static void story(void *argument)
{
	int in = t_file(2 * LEN), out = t_file(0);
	struct statfs fs;

	(void)argument;
	if (fstatfs(out, &fs) != 0 || fs.f_bsize != 4096)
		t_skip("the blocks here are not of 4 KiB");
	t_intercept(SYS_ioctl, refuse);
	T_EQ(T_COPY(in, NULL, out, NULL, LEN, NULL, .flags = ZS_CLONE), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(asked.src_fd, in);
	T_EQ(asked.src_offset, 0);
	T_EQ(asked.src_length, LEN);
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
