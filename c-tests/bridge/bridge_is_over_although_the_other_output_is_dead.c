/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_EITHER_END a bridge is over when the first direction ends. It is no error that the side which has
 * ended no longer reads, even if there are bytes for it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void either(enum t_side_kind kind, int nonblock)
{
	struct zs_result results[2];
	struct t_side a, b;
	char bytes[8];

	t_scene("kind %s nonblock %d", t_side_kind_name(kind), nonblock);
	t_side(&a, kind, nonblock, 0, 0);
	t_side(&b, T_BY_UNIX, nonblock, 0, 0);
	t_write(a.far_out, "last.", 5);
	t_write(b.far_out, "more", 4);
	if (kind == T_BY_PIPES)
		MUST(close(a.far_out) == 0);
	MUST(close(a.far_in) == 0);
	if (kind == T_BY_TCP) /* the data, the end, and the error that an answer meets are all there already */
		while (!(t_ready(a.in, POLLRDHUP) & POLLRDHUP))
			t_sleep_ms(1);
	errno = 123;
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_EITHER_END | ZS_NOSIGPIPE), 0);
	T_EQ(errno, 123);
	OK(T_IS(results[0], .bytes = 5, .copied = results[0].copied, .via = results[0].via));
	T_EQ(results[1].error, 0);
	OK(results[1].bytes + results[1].in_flight <= 4);
	MUST(shutdown(b.in, SHUT_WR) == 0);
	if (T_EQ(t_read(b.far_in, bytes, 8), 5))
		T_EQ(memcmp(bytes, "last.", 5), 0);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(b.far_in) == 0);
	if (kind == T_BY_PIPES)
		MUST(close(a.out) == 0);
}

int main(void)
{
	for (int kind = 0; kind < T_BY_FILES; kind++) {
		either((enum t_side_kind)kind, 0);
		either((enum t_side_kind)kind, 1);
	}
	return t_done();
}
