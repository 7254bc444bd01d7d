/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file with holes on which the process has a record lock is not opened a second time, since closing it would
 * drop the lock. The lock stays, and so does the position. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((int64_t)1 << 20)

static int in;

/* Whether another process finds the file locked. */
static void look(void *argument)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	MUST(fcntl(in, F_GETLK, &lock) == 0);
	T_EQ(lock.l_type != F_UNLCK, *(int *)argument);
}

int main(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	int yes = 1, no = 0, out = t_file(0);

	in = t_file(0);
	MUST(ftruncate(in, LEN) == 0);
	t_put_pattern(in, LEN / 2, 65536, 0);
	MUST(lseek(in, 7, SEEK_SET) == 7);
	T_CHILD(look, &no);
	for (int locked = 0; locked < 2; locked++) {
		struct zs_result result;
		int64_t off_in = 0, off_out = 0;

		MUST(!locked || fcntl(in, F_SETLK, &lock) == 0);
		T_EQ(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, NULL, &result), LEN);
		OK(off_in == LEN && off_out == LEN && t_position(in) == 7 && t_position(out) == 0);
		if (T_EQ(result.holes, (uint64_t)LEN - 65536))
			OK(t_same_bytes(in, out));
		T_CHILD(look, locked ? &yes : &no);
		MUST(ftruncate(out, 0) == 0);
	}
	return t_done();
}
