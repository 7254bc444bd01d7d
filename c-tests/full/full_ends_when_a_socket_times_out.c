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

	OK(errno == EAGAIN && took >= MS - 5 && took < 3000);
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
	OK(zs_splice_full(fd, NULL, out[1], NULL, 10, 0, &result) == -1);
	timed_out(result, ZS_VIA_SPLICE);
	OK(result.bytes == 4 && t_bytes_available(out[0]) == 4);
}

static void send_to(int fd, int peer)
{
	struct zs_result result = t_unwritten();
	int in[2], copy[2], file = t_file(1 << 20);

	t_timeout_ms(fd, SO_SNDTIMEO, MS);
	began = t_now_ms();
	OK(zs_sendfile_full(fd, file, NULL, 1 << 20, 0, &result) == -1);
	timed_out(result, ZS_VIA_SENDFILE);
	OK(result.bytes > 0 && lseek(file, 0, SEEK_CUR) == (int64_t)result.bytes);
	OK(t_bytes_available(peer) > 0 && t_bytes_available(peer) <= (int)result.bytes);

	MUST(pipe(in) == 0 && pipe(copy) == 0);
	t_fill_socket(fd);
	t_fill_pipe(in[1]);
	result = t_unwritten();
	began = t_now_ms();
	OK(zs_splice_full(in[0], NULL, fd, NULL, 65536, 0, &result) == -1);
	timed_out(result, ZS_VIA_SPLICE);
	OK(result.bytes == 65536u - (unsigned int)t_bytes_available(in[0]));

	result = t_unwritten();
	began = t_now_ms();
	OK(zs_tee_full(in[0], copy[1], fd, 65536, 0, &result) == -1);
	OK(errno == EAGAIN && t_now_ms() - began >= MS - 5);
	OK(result.error == EAGAIN && result.in_flight == (unsigned int)t_bytes_available(in[0]));
	OK(result.bytes + result.in_flight == (unsigned int)t_bytes_available(copy[0]));
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
