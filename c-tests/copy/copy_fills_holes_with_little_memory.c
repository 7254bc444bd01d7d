/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where the file system of the output cannot punch holes, a hole is written as zeroes, and with little memory
 * no large buffer is needed for that. */
#include <zsplice.h>
#include "t.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"

#define HOLE (1 << 20)

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_file(T_PAGE), out = t_file(2 * HOLE);

	(void)argument;
	MUST(ftruncate(in, T_PAGE + HOLE) == 0 && t_stored(in) < HOLE);
	t_deny(SYS_fallocate, T_FAILS(EOPNOTSUPP));
	t_limit_memory(65536);
	MUST(malloc(150000) == NULL);
	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), T_PAGE + HOLE);
	T_EQ(result.bytes, T_PAGE + HOLE);
	T_EQ(result.holes, 0);
	T_EQ(result.error, 0);
	OK(t_size(out) == 2 * HOLE && t_has_pattern(out, 0, T_PAGE, 0) && t_has_bytes(out, T_PAGE, HOLE, 0));
	OK(t_has_pattern(out, T_PAGE + HOLE, HOLE - T_PAGE, T_PAGE + HOLE));
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
