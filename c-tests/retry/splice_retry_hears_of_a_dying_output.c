/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output whose reader closes during the wait is EPIPE, and what was to be moved stays in the input. */
#include <zsplice.h>
#include "t.h"

typedef ssize_t retry(int in, int out);

static ssize_t splice_retry(int in, int out)
{
	return zs_splice_retry(in, NULL, out, NULL, 100, 0);
}

static ssize_t tee_retry(int in, int out)
{
	return zs_tee_retry(in, out, 100, 0);
}

static ssize_t sendfile_retry(int in, int out)
{
	return zs_sendfile_retry(out, in, NULL, 100, 0);
}

/* `to`: where it is read, where it is written. */
static void dies(retry *transfer, int in, int to[2])
{
	struct t_later later = { .ms = 40, .fd = to[0], .close = 1 };
	pthread_t closer = t_later(&later);

	errno = 0;
	T_EQ(transfer(in, to[1]), -1);
	OK(errno == EPIPE || errno == ECONNRESET);
	t_join(closer);
	MUST(close(to[1]) == 0);
}

int main(void)
{
	retry *transfers[] = { splice_retry, tee_retry, sendfile_retry };
	int in[3], from[2], to[2], file = t_file(100);

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	MUST(pipe(from) == 0 && write(from[1], "four", 4) == 4);
	in[0] = in[1] = from[0];
	in[2] = file;
	for (int i = 0; i < 6; i++) {
		MUST(pipe2(to, i < 3 ? O_NONBLOCK : 0) == 0);
		t_fill_pipe(to[1]);
		dies(transfers[i % 3], in[i % 3], to);
	}
	for (int i = 0; i < 4; i += 2) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
		t_nonblock(to[1], 1);
		t_fill_socket(to[1]);
		dies(transfers[i], in[i], to);
	}
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	return t_done();
}
