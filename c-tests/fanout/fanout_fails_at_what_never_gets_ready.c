/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that poll(2) never calls writable - a listening socket, an epoll set - fails at once with the error of
 * write(2), also while others can take; with ZS_DROP_FAILED these go on. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"
#include <sys/epoll.h>

#define LEN 200000

static int listening(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0 && bind(fd, (void *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
	return fd;
}

static void fails(int fd, int error, int nonblock, uint32_t flags, int first)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int in = t_file(LEN), file = t_file(0), fds[2];

	t_scene("%s, nonblock %d, flags %s, output %d", t_errno_name(error), nonblock, t_flag_words(flags), !first);
	t_nonblock(fd, nonblock);
	fds[!first] = fd;
	fds[first] = file;
	T_EQ(zs_fanout(in, NULL, fds, 2, ZS_TO_END, &(struct zs_options){ .flags = flags | ZS_NOSIGPIPE,
	     .timeout_ns = T_MS(10000) }, results), flags & ZS_DROP_FAILED ? LEN : -1);
	T_EQ(results[!first].error, error);
	T_EQ(results[!first].bytes, 0);
	T_EQ(results[first].error, 0);
	if (flags & ZS_DROP_FAILED)
		OK(t_size(file) == LEN && t_has_pattern(file, 0, LEN, 0));
	MUST(close(in) == 0 && close(file) == 0 && close(fd) == 0);
}

int main(void)
{
	for (int i = 0; i < 16; i++) {
		uint32_t flags = (i & 2 ? ZS_DROP_FAILED : 0) | (i & 4 ? ZS_STABLE : 0);

		fails(listening(), EPIPE, i & 1, flags, i >> 3);
		fails(epoll_create1(0), EINVAL, i & 1, flags, i >> 3);
	}
	return t_done();
}
