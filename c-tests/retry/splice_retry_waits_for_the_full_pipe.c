/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sixteen packets of one byte fill a pipe of 64 KiB. A full pipe is EAGAIN, as an empty socket is: the pipe is
 * waited for, although the socket has more. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	struct t_later later = { .ms = 50, .drain = 16 };
	int tcp[2], to[2];
	char bytes[5];
	int64_t start;
	pthread_t reader;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(to) == 0);
	t_nonblock(tcp[1], 1);
	t_nonblock(to[1], 1);
	for (int packet = 0; packet < 16; packet++) {
		MUST(write(tcp[0], "1", 1) == 1);
		T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 1, 0), 1);
	}
	MUST(write(tcp[0], "more", 4) == 4);
	MUST(zs_splice(tcp[1], NULL, to[1], NULL, 4, SPLICE_F_NONBLOCK) == -1 && errno == EAGAIN);

	later.fd = to[0];
	start = t_now_ms();
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 4, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 49);
	t_join(reader);
	if (T_EQ(t_read(to[0], bytes, 4), 4))
		T_EQ(memcmp(bytes, "more", 4), 0);
	return t_done();
}
