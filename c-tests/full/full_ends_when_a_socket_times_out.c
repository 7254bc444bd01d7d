/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SO_RCVTIMEO and SO_SNDTIMEO of a blocking socket end a transfer with EAGAIN when the time has run
 * out, and not before; what moved until then is counted. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define MS 60

static int64_t began;

static void timed_out(struct zs_result result, uint32_t via)
{
	int64_t took = t_now_ms() - began;

	T_EQ(errno, EAGAIN);
	OK(took >= MS - 5 && took < 3000 * t_slower());
	OK(T_IS(result, .bytes = result.bytes, .in_flight = result.in_flight,
		.via = result.bytes ? via : 0, .error = EAGAIN));
}

static void receive(int fd, int peer)
{
	struct zs_result result = t_unwritten();
	int out[2];

	MUST(pipe(out) == 0 && write(peer, "four", 4) == 4);
	t_timeout_ms(fd, SO_RCVTIMEO, MS);
	began = t_now_ms();
	T_EQ(zs_splice_full(fd, NULL, out[1], NULL, 10, 0, &result), -1);
	timed_out(result, ZS_VIA_SPLICE);
	if (T_EQ(result.bytes, 4))
		T_EQ(t_bytes_available(out[0]), 4);
}

static void send_to(int fd, int peer)
{
	struct zs_result result = t_unwritten();
	int in[2], copy[2], file = t_file(1 << 20);

	t_timeout_ms(fd, SO_SNDTIMEO, MS);
	began = t_now_ms();
	T_EQ(zs_sendfile_full(fd, file, NULL, 1 << 20, 0, &result), -1);
	timed_out(result, ZS_VIA_SENDFILE);
	OK(result.bytes > 0 && lseek(file, 0, SEEK_CUR) == (int64_t)result.bytes);
	OK(t_bytes_available(peer) > 0 && t_bytes_available(peer) <= (int)result.bytes);

	MUST(pipe(in) == 0 && pipe(copy) == 0);
	t_fill_socket(fd);
	t_fill_pipe(in[1]);
	result = t_unwritten();
	began = t_now_ms();
	T_EQ(zs_splice_full(in[0], NULL, fd, NULL, 65536, 0, &result), -1);
	timed_out(result, ZS_VIA_SPLICE);
	T_EQ(result.bytes, 65536u - (unsigned int)t_bytes_available(in[0]));

	result = t_unwritten();
	began = t_now_ms();
	T_EQ(zs_tee_full(in[0], copy[1], fd, 65536, 0, &result), -1);
	if (T_EQ(errno, EAGAIN))
		OK(t_now_ms() - began >= MS - 5);
	if (T_EQ(result.error, EAGAIN))
		T_EQ(result.in_flight, (unsigned int)t_bytes_available(in[0]));
	T_EQ(result.bytes + result.in_flight, (unsigned int)t_bytes_available(copy[0]));
}

int main(void)
{
	int fds[2];

	t_tcp_pair(fds, 0, 0);
	receive(fds[0], fds[1]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	receive(fds[0], fds[1]);
	t_tcp_pair(fds, 8192, 8192);
	send_to(fds[0], fds[1]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	send_to(fds[0], fds[1]);
	return t_done();
}
