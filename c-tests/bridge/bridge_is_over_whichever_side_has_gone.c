/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_EITHER_END a bridge is over when the first direction ends, from a or from b. Bytes for the side that
 * is gone are no error, and what that side sent before is delivered. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void either(enum t_side_kind kind, int nonblock, int turned)
{
	struct zs_result results[2];
	struct t_side a, b, *first = turned ? &b : &a, *second = turned ? &a : &b;
	char bytes[8];

	t_scene("kind %s nonblock %d turned %d", t_side_kind_name(kind), nonblock, turned);
	t_side(first, kind, nonblock, 0, 0);
	t_side(second, T_BY_UNIX, nonblock, 0, 0);
	t_write(first->far_out, "last.", 5);
	t_write(second->far_out, "more", 4);
	if (kind == T_BY_PIPES)
		MUST(close(first->far_out) == 0);
	MUST(close(first->far_in) == 0);
	if (kind == T_BY_TCP) /* the data, the end, and the error that an answer meets are all there already */
		while (!(t_ready(first->in, POLLRDHUP) & POLLRDHUP))
			t_sleep_ms(1);
	errno = 123;
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_EITHER_END | ZS_NOSIGPIPE), 0);
	T_EQ(errno, 123);
	OK(T_IS(results[turned], .index = (uint32_t)turned, .bytes = 5, .copied = results[turned].copied, .via = results[turned].via));
	T_EQ(results[!turned].error, 0);
	OK(results[!turned].bytes + results[!turned].in_flight <= 4);
	MUST(shutdown(second->in, SHUT_WR) == 0);
	if (T_EQ(t_read(second->far_in, bytes, 8), 5))
		T_EQ(memcmp(bytes, "last.", 5), 0);
	MUST(close(first->in) == 0 && close(second->in) == 0 && close(second->far_in) == 0);
	if (kind == T_BY_PIPES)
		MUST(close(first->out) == 0);
}

int main(void)
{
	for (int i = 0; i < 4; i++)
		for (int kind = 0; kind < T_BY_FILES; kind++)
			either((enum t_side_kind)kind, i & 1, i >> 1);
	return t_done();
}
