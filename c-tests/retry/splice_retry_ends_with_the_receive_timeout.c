/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking socket with SO_RCVTIMEO returns EAGAIN when its time is over. That is returned to the caller,
 * after that time and not much earlier, and not waited for. */
#include <zsplice.h>
#include "t.h"

static void runs_out(int pair[2])
{
	int64_t start, took;
	int to[2];

	MUST(pipe(to) == 0);
	t_timeout_ms(pair[1], SO_RCVTIMEO, 80);
	start = t_now_ms();
	errno = 0;
	T_EQ(zs_splice_retry(pair[1], NULL, to[1], NULL, 100, 0), -1);
	T_EQ(errno, EAGAIN);
	took = t_now_ms() - start;
	OK(took >= 79 && took < 5000 * t_slower());

	/* What arrives in time is moved. */
	MUST(write(pair[0], "in time", 7) == 7);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(pair[1], NULL, to[1], NULL, 100, 0), 7);
	T_EQ(errno, ENOTTY);
	t_close2(pair);
	t_close2(to);
}

int main(void)
{
	int pair[2];

	t_tcp_pair(pair, 0, 0);
	runs_out(pair);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	runs_out(pair);
	return t_done();
}
