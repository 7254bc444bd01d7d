/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking socket has a send buffer so small that splice(2) might block, and so does sendfile(2), for one
 * acknowledgment after the other: a large file is read and sent. Where read and write are avoided the socket gets
 * its bytes by splice(2) all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void into(enum t_place from, int sndbuf, int64_t timeout)
{
	struct t_pair *pair = t_pair(from, T_AT_TCP);
	struct zs_result result = t_unwritten();

	MUST(setsockopt(pair->out, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf) == 0);
	if (!T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, 30000, &result, .avoid = ZS_VIA_READ_WRITE,
		.timeout_ns = timeout), 30000))
		fprintf(stderr, "... from %s, buffer %d, timeout %lld: errno %s\n", t_place_name(from), sndbuf,
			(long long)timeout, t_errno_name(errno));
	if (T_EQ(result.bytes, 30000) && T_EQ(result.copied, 0))
		OK(!(result.via & ZS_VIA_READ_WRITE));
	T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, NULL), T_PAIR_LEN - 30000);
	OK(t_pair_whole(pair));
}

static void *drains(void *argument)
{
	static char bytes[65536];
	int *fd = argument;

	while (t_read(*fd, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static void large_file(int sndbuf, uint32_t via)
{
	enum { LARGE = 300000 };
	struct zs_result result = t_unwritten();
	int in = t_file(LARGE), tcp[2];
	pthread_t reader;

	t_tcp_pair(tcp, 0, 0);
	if (sndbuf > 0)
		MUST(setsockopt(tcp[1], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf) == 0);
	reader = t_thread(drains, &tcp[0]);
	T_EQ(zs_copy(in, NULL, tcp[1], NULL, ZS_TO_END, NULL, &result), LARGE);
	T_EQ(result.via, via);
	MUST(close(in) == 0 && close(tcp[1]) == 0 && pthread_join(reader, NULL) == 0 && close(tcp[0]) == 0);
}

int main(void)
{
	large_file(8192, ZS_VIA_READ_WRITE);
	large_file(0, ZS_VIA_SENDFILE);
	for (int from = 0; from < T_PLACES; from++)
		for (int sndbuf = 2304; sndbuf <= 8192; sndbuf *= 2)
			into((enum t_place)from, sndbuf, 0);
	return t_done();
}
