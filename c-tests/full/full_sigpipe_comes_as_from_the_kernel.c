/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output without a reader raises SIGPIPE, as in the system calls. Where the signal is ignored it is EPIPE on
 * the side of the output. The input keeps its bytes. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int file, in[2], dead, copy[2];

static int64_t transfer(int which, struct zs_result *result)
{
	switch (which) {
	case 0: return zs_splice_full(in[0], NULL, dead, NULL, 10, 0, result);
	case 1: return zs_sendfile_full(dead, file, NULL, 10, 0, result);
	case 2: return zs_tee_full(in[0], dead, file, 10, 0, result);
	default: return zs_tee_full(in[0], copy[1], dead, 10, 0, result);
	}
}

static void not_ignored(void *which)
{
	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	transfer(*(int *)which, NULL);
}

int main(void)
{
	int fds[2], sock[2];

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	file = t_file(10);
	for (int i = 0; i < 8; i++) {
		struct zs_result result = t_unwritten();
		int which = i % 4, status;

		MUST(pipe(in) == 0 && pipe(copy) == 0 && write(in[1], "ten bytes.", 10) == 10);
		if (i < 4) {
			MUST(pipe(fds) == 0 && close(fds[0]) == 0);
			dead = fds[1];
		} else {
			MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == 0 && close(sock[0]) == 0);
			dead = sock[1];
			if (which == 2)
				continue; /* zs_tee_full has no copy into a socket */
		}
		status = t_child(not_ignored, &which);
		OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
		t_drain(copy[0], which == 3 ? 10 : 0);

		T_EQ(transfer(which, &result), -1);
		T_EQ(errno, EPIPE);
		T_EQ(result.error, EPIPE);
		T_EQ(result.side, ZS_SIDE_OUT);
		if (T_EQ(result.bytes, 0))
			T_EQ(result.in_flight, which == 3 ? 10 : 0);
		if (T_EQ(t_bytes_available(in[0]), 10))
			T_EQ(lseek(file, 0, SEEK_CUR), 0);
		T_EQ(t_bytes_available(copy[0]), which == 3 ? 10 : 0);
	}
	return t_done();
}
