/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If a hole has to be written as zeroes and there is no memory for them, the copy fails with ENOMEM after the data
 * before the hole. */
#include <zsplice.h>
#include "t.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"

#define DATA 65536
#define HOLE ((off_t)1 << 20)

/* How much data, and how long the hole behind it. */
static void story(void *argument)
{
	const off_t *lengths = argument, data = lengths[0], hole = lengths[1];
	struct zs_result result = t_unwritten();
	int in = t_file((size_t)data), out = t_file(2 * HOLE);

	MUST(ftruncate(in, data + hole) == 0 && t_stored(in) < data + hole);
	t_deny(SYS_fallocate, T_FAILS(EOPNOTSUPP));
	t_limit_memory(0);
	for (void *volatile some = in ? &in : NULL; some;)
		some = malloc(1024);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, ENOMEM);
	T_EQ(result.bytes, data);
	T_EQ(result.side, ZS_SIDE_CALL);
	OK(t_has_pattern(out, 0, 2 * HOLE, 0));
}

int main(void)
{
	T_CHILD(story, ((off_t[]){ DATA, HOLE }));
	/* So small that read and write come first. */
	T_CHILD(story, ((off_t[]){ 4096, 4096 }));
	return t_done();
}
