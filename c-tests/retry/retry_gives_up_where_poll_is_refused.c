/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sandbox refuses poll(2) and ppoll(2): what would have to wait is EAGAIN, as the system call itself says, and what need not
 * wait moves. */
#include <zsplice.h>
#include "t.h"
#include "t_copy.h"

static void story(void *argument)
{
	int in[2], out[2];

	(void)argument;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, in) == 0 && pipe2(out, O_NONBLOCK) == 0);
	t_refuse_poll();
	T_EQ(zs_splice_retry(in[0], NULL, out[1], NULL, 100, 0), -1);
	T_EQ(errno, EAGAIN);
	t_write(in[1], "bytes", 5);
	T_EQ(zs_splice_retry(in[0], NULL, out[1], NULL, 100, 0), 5);
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
