/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking socket with a buffer too small for splice(2), whose peer has gone: the direction to it fails with EPIPE, as
 * a write would, and what it would have read stays in the pipe. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void dies(int size)
{
	struct zs_options with = { .size = sizeof with, .flags = ZS_NOSIGPIPE };
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int in[2], out[2], side[2];

	t_scene("SO_SNDBUF %d", size);
	MUST(pipe(in) == 0 && pipe(out) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, side) == 0);
	MUST(setsockopt(side[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	MUST(write(in[1], "bytes", 5) == 5 && write(side[1], "answer", 6) == 6 && close(side[1]) == 0);
	T_EQ(zs_bridge(in[0], out[1], side[0], side[0], &with, results), -1);
	T_EQ(errno, EPIPE);
	T_EQ(results[0].error, EPIPE);
	T_EQ(results[0].side, ZS_SIDE_OUT);
	T_EQ(results[0].bytes + results[0].in_flight, 0);
	T_EQ(results[1].error, 0);
	T_EQ(results[1].bytes, 6);
	T_EQ(t_bytes_available(in[0]), 5);
	t_close2(in);
	t_close2(out);
	MUST(close(side[0]) == 0);
}

int main(void)
{
	dies(4608);
	dies(1 << 20);
	return t_done();
}
