/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sendfile(2) also moves from a socket to a pipe (Linux 5.12): then zs_sendfile_retry waits for the input. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	struct t_later later = { .ms = 50, .write = "late" };
	int from[2], to[2];
	int64_t start = t_now_ms();
	pthread_t writer;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, from) == 0 && pipe(to) == 0);
	t_nonblock(from[0], 1);
	if (zs_sendfile(to[1], from[0], NULL, 100) == -1 && errno == EINVAL)
		t_skip("sendfile(2) does not take from a socket here");
	later.fd = from[1];
	writer = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_sendfile_retry(to[1], from[0], NULL, 100, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 49);
	T_EQ(t_bytes_available(to[0]), 4);
	t_join(writer);
	return t_done();
}
