/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An empty input, pipe or socket, is waited for, whichever of the two sides is O_NONBLOCK. Then one transfer is
 * made, not the whole length. */
#include <zsplice.h>
#include "t.h"

static void waits(int from[2], int in_nonblock, int out_nonblock)
{
	struct t_later later = { .ms = 30, .fd = from[1], .write = "late" };
	int64_t start = t_now_ms();
	pthread_t writer;
	char bytes[8];
	int to[2];

	MUST(pipe(to) == 0);
	t_nonblock(from[0], in_nonblock);
	t_nonblock(to[1], out_nonblock);
	writer = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 100, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 29);
	OK(t_bytes_available(to[0]) == 4 && t_read(to[0], bytes, 4) == 4 && memcmp(bytes, "late", 4) == 0);
	t_join(writer);
	t_close2(from);
	t_close2(to);
}

int main(void)
{
	int from[2];

	for (int ends = 0; ends < 4; ends++) {
		MUST(pipe(from) == 0);
		waits(from, ends & 1, ends & 2);
		t_tcp_pair(from, 0, 0);
		waits(from, ends & 1, ends & 2);
		/* A blocking socket honours the O_NONBLOCK of the pipe: EAGAIN, although it has no timeout. */
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, from) == 0);
		waits(from, ends & 1, ends & 2);
	}
	return t_done();
}
