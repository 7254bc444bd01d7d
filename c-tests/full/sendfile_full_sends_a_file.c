/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file goes into a socket that takes little at a time, into a pipe, and into another file: all of
 * it, at the position or at an offset, with a result or without. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 1000000

static char bytes[LEN];

struct end {
	int fd;
	uint64_t from;
	size_t len;
};

static void *receive(void *argument)
{
	struct end *end = argument;

	if (T_EQ(t_read(end->fd, bytes, end->len), end->len))
		OK(t_is_pattern(bytes, end->len, end->from));
	return NULL;
}

static void send_to(int file, int fd, int reads)
{
	struct zs_result result = t_unwritten();
	struct end end = { reads, 0, LEN };
	int64_t off = 5;
	pthread_t reader = t_thread(receive, &end);

	MUST(lseek(file, 0, SEEK_SET) == 0);
	errno = 123;
	T_EQ(zs_sendfile_full(fd, file, NULL, LEN, 0, &result), LEN);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SENDFILE));
	T_EQ(lseek(file, 0, SEEK_CUR), LEN);
	t_join(reader);

	/* To its end, from an offset, and the position stays. */
	end = (struct end){ reads, 5, LEN - 5 };
	reader = t_thread(receive, &end);
	T_EQ(zs_sendfile_full(fd, file, &off, ZS_TO_END, 0, NULL), LEN - 5);
	T_EQ(errno, 123);
	if (T_EQ(off, LEN))
		T_EQ(lseek(file, 0, SEEK_CUR), LEN);
	t_join(reader);

	result = t_unwritten();
	T_EQ(zs_sendfile_full(fd, file, NULL, 10, 0, &result), 0);
	T_EQ(errno, 123);
	OK(T_IS(result, 0));
	t_close2((int[]){ fd, reads });
}

int main(void)
{
	int file = t_file(LEN), out = t_file(0), fds[2], tcp[2];
	int64_t off = 300;

	t_tcp_pair(fds, 4096, 4096);
	send_to(file, fds[0], fds[1]);
	t_tcp_pair(fds, 4096, 4096);
	t_nonblock(fds[0], 1);
	send_to(file, fds[0], fds[1]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	send_to(file, fds[0], fds[1]);
	MUST(pipe(fds) == 0);
	send_to(file, fds[1], fds[0]);
	MUST(pipe2(fds, O_NONBLOCK) == 0);
	send_to(file, fds[1], fds[0]);

	T_EQ(zs_sendfile_full(out, file, &off, 500000, 0, NULL), 500000);
	if (T_EQ(lseek(out, 0, SEEK_CUR), 500000))
		T_EQ(lseek(out, 0, SEEK_END), 500000);
	if (T_EQ(pread(out, bytes, LEN, 0), 500000))
		OK(t_is_pattern(bytes, 500000, 300));

	/* A socket may be the input where the output is a pipe. */
	MUST(pipe(fds) == 0);
	t_tcp_pair(tcp, 0, 0);
	MUST(write(tcp[0], "five!", 5) == 5 && shutdown(tcp[0], SHUT_WR) == 0);
	T_EQ(zs_sendfile_full(fds[1], tcp[1], NULL, ZS_TO_END, 0, NULL), 5);
	T_EQ(t_bytes_available(fds[0]), 5);
	return t_done();
}
