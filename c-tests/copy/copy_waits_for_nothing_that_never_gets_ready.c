/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A descriptor that poll(2) never calls ready, because it cannot be read or written at all, fails at once with the
 * error of read(2) or write(2); so does a terminal's master whose other side has hung up. */
#include <zsplice.h>
#include <sys/epoll.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int listening(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0 && bind(fd, (void *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
	return fd;
}

static int hung_up_master(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	MUST(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	MUST(slave >= 0 && close(slave) == 0);
	return master;
}

static void fails(const char *name, int in, int out, int error, uint32_t side)
{
	struct zs_result result = t_unwritten();
	int64_t returned = T_COPY(in, NULL, out, NULL, 10, &result, .flags = ZS_NOSIGPIPE, .timeout_ns = T_MS(5000));

	if (!OK(returned == -1 && errno == error))
		fprintf(stderr, "... %s: %lld, %s\n", name, (long long)returned, t_errno_name(errno));
	OK(result.side == side || result.side == 0);
	T_EQ(result.bytes, 0);
}

int main(void)
{
	int epoll = epoll_create1(0), in[2], sink = t_file(0), out[2], master = hung_up_master();

	MUST(epoll >= 0);
	t_stream(T_A_PIPE, in);
	t_stream(T_A_PIPE, out);
	fails("epoll set to file", epoll, sink, EINVAL, ZS_SIDE_IN);
	fails("epoll set to pipe", epoll, out[1], EINVAL, ZS_SIDE_IN);
	fails("listening to file", listening(), sink, ENOTCONN, ZS_SIDE_IN);
	MUST(write(in[1], "0123456789", 10) == 10);
	fails("pipe to epoll set", in[0], epoll, EINVAL, ZS_SIDE_OUT);
	MUST(write(in[1], "0123456789", 10) == 10);
	fails("pipe to listening", in[0], listening(), EPIPE, ZS_SIDE_OUT);
	MUST(write(in[1], "0123456789", 10) == 10);
	fails("pipe to master", in[0], master, EIO, ZS_SIDE_OUT);
	fails("file to master", t_file(10), master, EIO, ZS_SIDE_OUT);
	t_nonblock(master, 1);
	fails("file to O_NONBLOCK master", t_file(10), master, EIO, ZS_SIDE_OUT);
	return t_done();
}
