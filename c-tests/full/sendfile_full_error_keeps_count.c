/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that takes no more, without waiting: EAGAIN. What it took is counted, and the position of the file,
 * or the offset, is right after it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN (1 << 22)

static void full(int fd, int reads, int64_t *off)
{
	struct zs_result result = t_unwritten();
	static char bytes[LEN];
	int file = t_file(LEN);

	t_nonblock(fd, 1);
	T_EQ(zs_sendfile_full(fd, file, off, LEN, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(result.bytes > 0 && result.bytes < LEN);
	OK(T_IS(result, .bytes = result.bytes, .via = ZS_VIA_SENDFILE, .error = EAGAIN));
	T_EQ(off ? *off : lseek(file, 0, SEEK_CUR), (int64_t)result.bytes);
	T_EQ(lseek(file, 0, SEEK_CUR), off ? 0 : (int64_t)result.bytes);
	MUST(close(fd) == 0);
	if (T_EQ(t_read(reads, bytes, LEN), result.bytes))
		OK(t_is_pattern(bytes, result.bytes, 0));
	MUST(close(reads) == 0);
}

int main(void)
{
	int64_t off = 0;
	int fds[2];

	t_tcp_pair(fds, 8192, 8192);
	full(fds[0], fds[1], NULL);
	t_tcp_pair(fds, 8192, 8192);
	full(fds[0], fds[1], &off);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	full(fds[0], fds[1], NULL);
	off = 0;
	MUST(pipe(fds) == 0);
	full(fds[1], fds[0], &off);
	MUST(pipe(fds) == 0);
	full(fds[1], fds[0], NULL);
	return t_done();
}
