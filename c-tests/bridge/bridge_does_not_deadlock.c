/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Both far ends write 8 MiB before they read anything, through small buffers. A bridge that blocked in a write
 * would never end. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN (8 << 20)

static void crossed(enum t_side_kind from, enum t_side_kind to, int nonblock, int delay, uint32_t flags)
{
	struct zs_result results[2];
	struct t_side a, b;

	t_side(&a, from, nonblock, LEN, 1);
	t_side(&b, to, nonblock, LEN, 1);
	a.delay_ms = delay;
	b.delay_ms = delay * 2;
	t_side_start(&a);
	t_side_start(&b);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = flags), 0);
	T_EQ(results[0].bytes, LEN);
	T_EQ(results[1].bytes, LEN);
	if (!T_EQ(t_side_got(&a), LEN) | !T_EQ(t_side_got(&b), LEN))
		fprintf(stderr, "... %s and %d nonblock %d\n", t_side_kind_name(from), to, nonblock);
}

int main(void)
{
	for (int nonblock = 0; nonblock < 2; nonblock++) {
		crossed(T_BY_UNIX, T_BY_UNIX, nonblock, 20, 0);
		crossed(T_BY_PIPES, T_BY_PIPES, nonblock, 20, 0);
		crossed(T_BY_UNIX, T_BY_PIPES, nonblock, 0, 0);
		crossed(T_BY_TCP, T_BY_PIPES, nonblock, 20, 0);
		crossed(T_BY_PIPES, T_BY_UNIX, nonblock, 0, ZS_STABLE);
	}
	return t_done();
}
