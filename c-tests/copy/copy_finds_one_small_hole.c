/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One small hole in a large file is found, and left. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (16 << 20)
#define HOLE 8192

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_file(LEN), out = t_file(0);

	MUST(fsync(in) == 0);
	if (fallocate(in, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, LEN / 2, HOLE) != 0 || t_stored(in) >= LEN)
		t_skip("no small holes here");
	if (argument)
		t_deny(SYS_statx, T_FAILS(ENOSYS));
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), LEN);
	T_EQ(result.holes, HOLE);
	OK(t_size(out) == LEN && t_same_bytes(in, out));
	MUST(close(in) == 0 && close(out) == 0);
}

/* What is allocated is learned from statx(2) or, where that is refused, from fstat(2). */
int main(void)
{
	int refused;

	story(NULL);
	T_CHILD(story, &refused);
	return t_done();
}
