/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A side may be a terminal or a regular file; and both sides may be one descriptor, which then gets back what it
 * gives, in order. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

static void echoes(enum t_stream kind, zs_pool *pool)
{
	struct t_duplex it;
	struct zs_result results[2];
	size_t pushed = 0, got = 0;
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	int status, epoll, idle = 0;

	t_scene("one %s", t_stream_name(kind));
	t_duplex_pair(kind, &it.fd[0], &it.far[0]);
	t_nonblock(it.far[0], 1);
	MUST((it.duplex = zs_duplex_new(it.fd[0], it.fd[0], pool, ZS_NOSIGPIPE)) != NULL);
	MUST((epoll = epoll_create1(0)) >= 0);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, it.fd[0], &(struct epoll_event){ .events = T_EDGES }) == 0);
	while ((status = t_duplex_run(it.duplex, events[0], events[1], 0)) > 0) {
		struct epoll_event event = { 0 };

		size_t n = t_push(it.far[0], 3000000 - pushed, pushed);

		/* It is read only once nothing goes into it any more. */
		pushed += n;
		idle = n ? 0 : idle + 1;
		if (idle > 3)
			got += t_pull(it.far[0], 50000, got);
		if (pushed == 3000000 && got == pushed)
			shutdown(it.far[0], SHUT_WR);
		if (status == 1)
			MUST(epoll_wait(epoll, &event, 1, 2) >= 0);
		/* Reported of one side, of the other, or of both. */
		events[0] = events[1] = event.events;
	}
	T_EQ(status, 0);
	got += t_pull(it.far[0], SIZE_MAX, got);
	T_EQ(got, pushed);
	t_duplex_results(it.duplex, results);
	T_EQ(results[0].bytes, pushed);
	T_EQ(results[1].bytes, 0);
	OK(t_ready(it.far[0], POLLRDHUP));
	zs_duplex_free(it.duplex);
	MUST(close(epoll) == 0 && close(it.fd[0]) == 0 && close(it.far[0]) == 0);
}

/* What the file has goes to the socket, and what the socket gives is written where the file's position is then. */
static void file(void)
{
	struct t_duplex it = { { t_file(50000), -1 }, { -1, -1 }, NULL };
	struct t_poller_of poller;
	char bytes[50003];

	t_scene("a file");
	t_duplex_pair(T_A_UNIX, &it.fd[1], &it.far[1]);
	MUST((it.duplex = zs_duplex_new(it.fd[0], it.fd[1], NULL, 0)) != NULL);
	for (int i = 0; i < 5; i++)
		if (!OK(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0))
			break;
	T_EQ(t_read(it.far[1], bytes, sizeof bytes), 50000);
	OK(t_is_pattern(bytes, 50000, 0));
	t_write(it.far[1], "end", 3);
	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	poller = t_poller(T_POLL, it.fd);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), 0);
	MUST(pread(it.fd[0], bytes, sizeof bytes, 0) == 50003);
	OK(memcmp(bytes + 50000, "end", 3) == 0);
	t_duplex_close(&it);
}

/* A terminal in raw mode; its end is its hang-up. */
static void terminal(enum t_poller how)
{
	struct t_duplex it = t_duplex(T_A_PTY, T_A_TCP, NULL, 0);
	struct t_poller_of poller = t_poller(how, it.fd);
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	struct zs_result results[2];
	char bytes[8];

	t_scene("a terminal, %s", t_poller_name(how));
	t_write(it.far[0], "typed", 5);
	t_write(it.far[1], "shown", 5);
	do {
		OK(t_duplex_run(it.duplex, events[0], events[1], 0) > 0);
		t_duplex_results(it.duplex, results);
		if (results[0].bytes < 5 || results[1].bytes < 5)
			OK(t_poller_wait(&poller, it.duplex, events, 1000) > 0);
	} while (results[0].bytes < 5 || results[1].bytes < 5);
	OK(t_read(it.far[1], bytes, 5) == 5 && memcmp(bytes, "typed", 5) == 0);
	OK(t_read(it.far[0], bytes, 5) == 5 && memcmp(bytes, "shown", 5) == 0);
	MUST(close(it.far[0]) == 0);
	it.far[0] = -1;
	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }) == -1 ? errno : 0, 0);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int i = 0; i < 2; i++) {
		echoes(T_A_UNIX, i ? pool : NULL);
		echoes(T_A_TCP, i ? pool : NULL);
	}
	file();
	for (int how = 0; how < T_URING_MULTI; how++)
		terminal((enum t_poller)how);
	zs_pool_free(pool);
	return t_done();
}
