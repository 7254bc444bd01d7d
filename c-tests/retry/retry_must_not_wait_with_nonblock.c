/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With SPLICE_F_NONBLOCK EAGAIN is returned at once, whichever side would block. */
#include <zsplice.h>
#include "t.h"

static void says_so(int in_flags, int out_flags)
{
	int empty[2], from[2], to[2], full[2];

	MUST(pipe2(empty, in_flags) == 0 && pipe2(from, in_flags) == 0);
	MUST(pipe2(to, out_flags) == 0 && pipe2(full, out_flags) == 0);
	MUST(write(from[1], "four", 4) == 4);
	t_fill_pipe(full[1]);
	errno = 0;
	T_EQ(zs_splice_retry(empty[0], NULL, to[1], NULL, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	errno = 0;
	T_EQ(zs_splice_retry(from[0], NULL, full[1], NULL, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	errno = 0;
	T_EQ(zs_tee_retry(empty[0], to[1], 9, SPLICE_F_NONBLOCK | SPLICE_F_MORE), -1);
	T_EQ(errno, EAGAIN);
	errno = 0;
	T_EQ(zs_tee_retry(from[0], full[1], 9, SPLICE_F_NONBLOCK | SPLICE_F_MOVE), -1);
	T_EQ(errno, EAGAIN);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 0);
	t_close2(empty);
	t_close2(from);
	t_close2(to);
	t_close2(full);
}

int main(void)
{
	int file = t_file(100), full[2], tcp[2], to[2];
	int64_t start = t_now_ms(), at = 7;

	for (int ends = 0; ends < 4; ends++)
		says_so(ends & 1 ? O_NONBLOCK : 0, ends & 2 ? O_NONBLOCK : 0);

	MUST(pipe2(full, O_NONBLOCK) == 0 && pipe(to) == 0);
	t_fill_pipe(full[1]);
	T_EQ(zs_sendfile_retry(full[1], file, &at, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	t_tcp_pair(tcp, 4096, 4096);
	t_nonblock(tcp[0], 1);
	t_nonblock(tcp[1], 1);
	T_EQ(zs_splice_retry(tcp[0], NULL, to[1], NULL, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	t_fill_socket(tcp[0]);
	T_EQ(zs_sendfile_retry(tcp[0], file, &at, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(zs_sendfile_retry(tcp[0], file, NULL, 9, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	if (T_EQ(at, 7))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	OK(t_now_ms() - start < 5000 * t_slower());
	return t_done();
}
