/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A full blocking socket with SO_SNDTIMEO returns EAGAIN when its time is over. splice and sendfile return it,
 * and what was to be sent is still in the input. */
#include <zsplice.h>
#include "t.h"

static void runs_out(int pair[2], int in_nonblock)
{
	int from[2], file = t_file(100);
	int64_t start, took, at = 7;

	MUST(pipe(from) == 0 && write(from[1], "four", 4) == 4);
	t_nonblock(from[0], in_nonblock);
	t_timeout_ms(pair[0], SO_SNDTIMEO, 60);
	t_fill_socket(pair[0]);
	start = t_now_ms();
	errno = 0;
	T_EQ(zs_splice_retry(from[0], NULL, pair[0], NULL, 4, 0), -1);
	T_EQ(errno, EAGAIN);
	took = t_now_ms() - start;
	OK(took >= 59 && took < 5000 * t_slower());
	T_EQ(t_bytes_available(from[0]), 4);

	start = t_now_ms();
	errno = 0;
	T_EQ(zs_sendfile_retry(pair[0], file, &at, 50, 0), -1);
	T_EQ(errno, EAGAIN);
	took = t_now_ms() - start;
	OK(took >= 59 && took < 5000 * t_slower());
	if (T_EQ(at, 7))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	MUST(close(file) == 0);
	t_close2(pair);
	t_close2(from);
}

int main(void)
{
	int pair[2];

	t_tcp_pair(pair, 4096, 4096);
	runs_out(pair, 0);
	t_tcp_pair(pair, 4096, 4096);
	runs_out(pair, 1);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	runs_out(pair, 0);
	return t_done();
}
