/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A hole that cannot be punched has to be written as zeroes. Where read and write are avoided the copy ends with
 * EOPNOTSUPP, after the data before the hole. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define DATA 65536
#define HOLE (1 << 20)

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_file(DATA), out = t_file(2 * HOLE);

	MUST(ftruncate(in, DATA + HOLE) == 0 && t_stored(in) < DATA + HOLE);
	t_deny(SYS_fallocate, T_FAILS(*(int *)argument));
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .avoid = ZS_VIA_READ_WRITE), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(result.bytes, DATA);
	T_EQ(result.holes, 0);
	T_EQ(result.side, ZS_SIDE_CALL);
	OK(t_position(in) == DATA && t_position(out) == DATA);
	OK(t_has_pattern(out, 0, 2 * HOLE, 0));
}

int main(void)
{
	T_CHILD(story, &(int){ EOPNOTSUPP });
	T_CHILD(story, &(int){ EPERM });
	return t_done();
}
