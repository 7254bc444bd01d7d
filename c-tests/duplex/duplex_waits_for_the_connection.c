/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One side is still connecting when the other has sent everything and ended: under every poller the connection is made,
 * the bytes and the end arrive, and the answer gets back. A connection that is refused is an error of both. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"
#include "t_connect.h"

struct asks {
	enum t_poller how;
	struct t_connecting to;
	int fds[2], turned, status, error;
	long runs;
	struct zs_result results[2];
	pthread_t thread;
};

static void *run(void *argument)
{
	struct asks *it = argument;
	int fd[2] = { it->turned ? it->to.fd : it->fds[0], it->turned ? it->fds[0] : it->to.fd };
	struct t_poller_of poller = t_poller(it->how, fd);
	zs_duplex *duplex = zs_duplex_new(fd[0], fd[1], NULL, ZS_NOSIGPIPE);
	long vain = 0;

	MUST(duplex != NULL);
	it->status = t_duplex_drive(duplex, &poller, &it->runs, &vain);
	it->error = errno;
	t_duplex_results(duplex, it->results);
	zs_duplex_free(duplex);
	t_poller_close(&poller);
	return NULL;
}

static void begins(struct asks *it, enum t_poller how, int turned)
{
	*it = (struct asks){ .how = how, .turned = turned, .to = t_connecting() };
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, it->fds) == 0);
	t_nonblock(it->fds[0], 1);
	it->thread = t_thread(run, it);
}

static void is_answered(struct asks *it)
{
	int server = t_accept_connection(&it->to);
	char bytes[16];

	T_EQ(t_read(server, bytes, sizeof bytes), 8);
	MUST(write(server, "answer", 6) == 6 && close(server) == 0);
	if (T_EQ(t_read(it->fds[1], bytes, sizeof bytes), 6))
		T_EQ(memcmp(bytes, "answer", 6), 0);
	t_join(it->thread);
	T_EQ(it->status, 0);
	T_EQ(it->results[it->turned].bytes, 8);
	T_EQ(it->results[!it->turned].bytes, 6);
	OK(it->runs < 30);
	t_close2(it->fds);
	MUST(close(it->to.fd) == 0);
}

static void is_refused(struct asks *it)
{
	t_join(it->thread);
	T_EQ(it->status, -1);
	T_EQ(it->error, ECONNREFUSED);
	T_EQ(it->results[0].error, ECONNREFUSED);
	T_EQ(it->results[1].error, ECONNREFUSED);
	t_close2(it->fds);
	MUST(close(it->to.fd) == 0);
}

int main(void)
{
	struct asks all[2 * 2 * T_POLLERS];
	int count = sizeof all / sizeof *all;

	for (int i = 0; i < count; i++) {
		begins(&all[i], (enum t_poller)(i / 4), i & 1);
		t_write(all[i].fds[1], "question", 8);
		MUST(shutdown(all[i].fds[1], SHUT_WR) == 0);
	}
	t_sleep_ms(20);
	for (int i = 0; i < count; i++)
		if (i & 2)
			t_refuse_connection(&all[i].to);
		else
			t_make_room(&all[i].to);
	for (int i = 0; i < count; i++) {
		t_scene("%s, turned %d", t_poller_name(all[i].how), all[i].turned);
		if (i & 2)
			is_refused(&all[i]);
		else
			is_answered(&all[i]);
	}
	return t_done();
}
