/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A connection that dies right after it has taken the last byte of a pipe that has ended does not fail the copy: no
 * write would have met that. If the pipe goes on it does. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

static int input, peer;

/* The bytes move, and the peer, which does not read them, resets before splice(2) returns. */
static int64_t is_reset_after(const uint64_t *a, int earlier)
{
	ssize_t moved;

	if ((int)a[0] != input || earlier > 0)
		return T_CONTINUE;
	moved = syscall(SYS_splice, (long)a[0], NULL, (long)a[2], NULL, (long)a[4], (long)a[5]);
	if (moved < 0)
		return -errno;
	t_reset(peer);
	return moved;
}

static void copied(void *goes_on)
{
	struct zs_result result = t_unwritten();
	int tcp[2], pipes[2];

	t_tcp_pair(tcp, 0, 0);
	peer = tcp[0];
	MUST(pipe(pipes) == 0);
	input = pipes[0];
	t_nonblock(tcp[1], 1);
	t_write(pipes[1], "0123456789", 10);
	if (!goes_on)
		MUST(close(pipes[1]) == 0);
	t_intercept(SYS_splice, is_reset_after);
	T_EQ(T_COPY(input, NULL, tcp[1], NULL, ZS_TO_END, &result, .flags = ZS_NOSIGPIPE), goes_on ? -1 : 10);
	T_EQ(result.error, goes_on ? ECONNRESET : 0);
	T_EQ(result.bytes, 10);
	T_EQ(result.via, ZS_VIA_SPLICE);
	T_EQ(result.in_flight, 0);
}

int main(void)
{
	T_CHILD(copied, NULL);
	T_CHILD(copied, "");
	return t_done();
}
