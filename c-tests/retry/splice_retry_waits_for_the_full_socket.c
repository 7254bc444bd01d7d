/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A full socket is waited for while the pipe has bytes left; these are sent in order. */
#include <zsplice.h>
#include "t.h"

static void waits(int socket[2], int in_nonblock)
{
	struct t_later later = { .ms = 50, .fd = socket[1] };
	char bytes[4];
	int64_t start;
	pthread_t reader;
	int from[2];

	MUST(pipe(from) == 0 && write(from[1], "more", 4) == 4);
	t_nonblock(from[0], in_nonblock);
	t_nonblock(socket[0], 1);
	later.drain = t_fill_socket(socket[0]);
	MUST(zs_splice(from[0], NULL, socket[0], NULL, 4, 0) == -1 && errno == EAGAIN);
	start = t_now_ms();
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(from[0], NULL, socket[0], NULL, 4, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 49);
	t_join(reader);
	if (T_EQ(t_read(socket[1], bytes, 4), 4))
		T_EQ(memcmp(bytes, "more", 4), 0);
	t_close2(from);
	t_close2(socket);
}

int main(void)
{
	int socket[2];

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		t_tcp_pair(socket, 4096, 4096);
		waits(socket, nonblock);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, socket) == 0);
		waits(socket, nonblock);
	}
	return t_done();
}
