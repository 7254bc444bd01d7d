/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A progress function that says stop once the very last bytes have moved comes too late: both directions are over,
 * and the bridge has ended well. One piece earlier it stops what is not over. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int stops(void *context, const struct zs_result *so_far)
{
	(void)context;
	return so_far->bytes > 0;
}

/* Side b gives five bytes; both sides give no more after that, or only a. */
static void bridges(int b_ends, int expected)
{
	struct zs_options with = { .size = sizeof with, .progress = stops };
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int a[2], b[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
	MUST(write(b[1], "bytes", 5) == 5 && shutdown(a[1], SHUT_WR) == 0);
	MUST(!b_ends || shutdown(b[1], SHUT_WR) == 0);
	errno = 0x5a5a;
	T_EQ(zs_bridge(a[0], a[0], b[0], b[0], &with, results), expected ? -1 : 0);
	T_EQ(errno, expected ? expected : 0x5a5a);
	T_EQ(results[0].error, 0);
	T_EQ(results[1].error, expected);
	T_EQ(results[1].bytes, 5);
	t_close2(a);
	t_close2(b);
}

int main(void)
{
	bridges(1, 0);
	bridges(0, ECANCELED);
	return t_done();
}
