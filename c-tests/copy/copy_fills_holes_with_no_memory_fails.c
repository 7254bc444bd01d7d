/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If a hole has to be written as zeroes and there is no memory for them, the copy fails with ENOMEM after the data
 * before the hole. */
#include <zsplice.h>
#include "t.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"

#define DATA 65536
#define HOLE (1 << 20)

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_file(DATA), out = t_file(2 * HOLE);

	(void)argument;
	MUST(ftruncate(in, DATA + HOLE) == 0 && t_stored(in) < DATA + HOLE);
	t_deny(SYS_fallocate, T_FAILS(EOPNOTSUPP));
	t_limit_memory(0);
	for (void *volatile some = in ? &in : NULL; some;)
		some = malloc(1024);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, ENOMEM);
	T_EQ(result.bytes, DATA);
	T_EQ(result.side, ZS_SIDE_CALL);
	OK(t_has_pattern(out, 0, 2 * HOLE, 0));
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
