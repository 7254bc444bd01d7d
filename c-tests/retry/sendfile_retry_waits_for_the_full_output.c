/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_sendfile_retry waits for a full O_NONBLOCK output, socket or pipe. The position of the file, or the
 * offset, advances by what it took. */
#include <zsplice.h>
#include "t.h"

static void waits(int to[2], size_t filled)
{
	struct t_later later = { .ms = 50, .fd = to[0], .drain = filled };
	int file = t_file(5000);
	unsigned char bytes[100];
	int64_t start, at = 300;
	pthread_t reader;

	MUST(zs_sendfile(to[1], file, NULL, 100) == -1 && errno == EAGAIN);
	start = t_now_ms();
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_sendfile_retry(to[1], file, &at, 100, 0), 100);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 49);
	if (T_EQ(at, 400))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	t_join(reader);
	if (T_EQ(t_read(to[0], bytes, 100), 100))
		OK(t_is_pattern(bytes, 100, 300));
	T_EQ(zs_sendfile_retry(to[1], file, NULL, 100, 0), 100);
	if (T_EQ(at, 400))
		T_EQ(lseek(file, 0, SEEK_CUR), 100);
	if (T_EQ(t_read(to[0], bytes, 100), 100))
		OK(t_is_pattern(bytes, 100, 0));
	MUST(close(file) == 0);
	t_close2(to);
}

int main(void)
{
	int to[2], tcp[2];

	MUST(pipe2(to, O_NONBLOCK) == 0);
	waits(to, t_fill_pipe(to[1]));
	MUST(pipe2(to, O_NONBLOCK) == 0);
	waits(to, t_fill_slots(to[1]));
	t_tcp_pair(tcp, 4096, 4096);
	to[0] = tcp[1];
	to[1] = tcp[0];
	t_nonblock(to[1], 1);
	waits(to, t_fill_socket(to[1]));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
	t_nonblock(to[1], 1);
	waits(to, t_fill_socket(to[1]));
	return t_done();
}
