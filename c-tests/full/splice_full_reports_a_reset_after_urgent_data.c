/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) returns 0 at an urgent mark. A reset that comes during the check for the end which follows is an
 * error of the input: the kernel reports it once, and the check got it. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

static int peer;

/* Between the 0 and the check. */
static int64_t reset_first(const uint64_t *a, int earlier)
{
	struct pollfd hung_up = { .fd = (int)a[0] };

	if (earlier == 0)
		t_reset(peer);
	MUST(poll(&hung_up, 1, 10000) == 1);
	return T_CONTINUE;
}

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	uint64_t len = *(uint64_t *)argument;
	int tcp[2], fds[2];

	t_tcp_pair(tcp, 0, 0);
	peer = tcp[0];
	MUST(pipe(fds) == 0 && write(peer, "four", 4) == 4 && send(peer, "!", 1, MSG_OOB) == 1);
	t_intercept(SYS_recvfrom, reset_first);
	T_EQ(zs_splice_full(tcp[1], NULL, fds[1], NULL, len, 0, &result), -1);
	T_EQ(errno, ECONNRESET);
	OK(T_IS(result, .bytes = 4, .via = ZS_VIA_SPLICE, .side = ZS_SIDE_IN, .error = ECONNRESET));
	T_EQ(t_bytes_available(fds[0]), 4);
}

int main(void)
{
	uint64_t lens[] = { ZS_TO_END, 100 };

	T_CHILD(story, &lens[0]);
	T_CHILD(story, &lens[1]);
	return t_done();
}
