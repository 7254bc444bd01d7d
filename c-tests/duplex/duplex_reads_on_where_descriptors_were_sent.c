/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An AF_UNIX socket cuts a read short where descriptors were sent along. That does not pass for drained: all that one
 * edge has reported is moved by the run after it, also the end. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

static void send_with_descriptor(int fd, const char *bytes, size_t len)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec piece = { (void *)(uintptr_t)bytes, len };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof control };

	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &(int){ 1 }, sizeof(int));
	MUST(sendmsg(fd, &message, 0) == (ssize_t)len);
}

static void once(enum t_stream to, int side, int ends, zs_pool *pool)
{
	struct t_duplex it = t_duplex(side ? to : T_A_UNIX, side ? T_A_UNIX : to, pool, 0);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	struct zs_result results[2];
	unsigned int events[2];
	int status, open = t_open_descriptors();

	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	t_poller_wait(&poller, it.duplex, events, 0);
	for (int i = 0; i < 3; i++)
		send_with_descriptor(it.far[side], "one", 3);
	t_write(it.far[side], "two", 3);
	if (ends)
		MUST(shutdown(it.far[side], SHUT_WR) == 0);
	OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0);
	status = t_duplex_run(it.duplex, events[0], events[1], 0);
	T_EQ(status, 1);
	t_duplex_results(it.duplex, results);
	T_EQ(results[side].bytes, 12);
	if (ends)
		OK(t_ready(it.far[!side], POLLRDHUP));
	/* The descriptors are closed, not kept. */
	T_EQ(t_open_descriptors(), open);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int i = 0; i < 16; i++)
		once(i & 1 ? T_A_TCP : T_A_UNIX, i >> 1 & 1, i >> 2 & 1, i & 8 ? pool : NULL);
	zs_pool_free(pool);
	return t_done();
}
