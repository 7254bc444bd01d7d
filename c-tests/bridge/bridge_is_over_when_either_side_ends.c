/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_EITHER_END a bridge is over once one direction has ended and everything before the end is delivered;
 * what is in flight in the other direction is counted. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void either(enum t_side_kind kind, int nonblock, int turned)
{
	const size_t len = 300000;
	struct zs_result results[2];
	struct t_side a, b, *first = turned ? &b : &a, *second = turned ? &a : &b;
	char bytes[8];

	t_side(&a, kind, nonblock, len, 0);
	t_side(&b, kind, nonblock, len, 0);
	t_write(second->far_out, "open", 4);
	first->writer = t_thread(t_side_write, first);
	second->wanted = len;
	second->reader = t_thread(t_side_read, second);
	errno = 123;
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_EITHER_END), 0);
	T_EQ(errno, 123);
	OK(T_IS(results[turned], .index = (uint32_t)turned, .bytes = len, .copied = results[turned].copied, .via = results[turned].via));
	OK(results[!turned].bytes + results[!turned].in_flight <= 4);
	T_EQ(results[!turned].error, 0);
	t_join(first->writer);
	t_join(second->reader);
	OK(second->right);
	T_EQ(second->got, len);
	/* The end was passed on; the other direction was not ended. */
	if (kind != T_BY_PIPES)
		T_EQ(read(second->far_in, bytes, 1), 0);
	t_nonblock(first->far_in, 1);
	T_EQ(read(first->far_in, bytes, 8), results[!turned].bytes ? (ssize_t)results[!turned].bytes : -1);
	T_EQ(read(first->far_in, bytes, 8), -1);
	T_EQ(errno, EAGAIN);
	t_write(second->far_out, "more", 4);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(a.far_in) == 0 && close(b.far_in) == 0);
	if (kind == T_BY_PIPES)
		MUST(close(a.out) == 0 && close(b.out) == 0 && close(second->far_out) == 0);
}

int main(void)
{
	for (int i = 0; i < 4; i++)
		for (int kind = 0; kind < T_BY_FILES; kind++)
			either((enum t_side_kind)kind, i & 1, i >> 1);
	return t_done();
}
