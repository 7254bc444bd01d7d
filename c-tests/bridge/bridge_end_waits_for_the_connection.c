/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One side is still connecting when the other has sent everything and ended: the connection is made, the bytes
 * and the end arrive, and the answer gets back. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"
#include "t_connect.h"

struct asks {
	struct t_connecting to;
	int fds[2], turned, returned;
	int64_t cpu;
	struct zs_result results[2];
	pthread_t thread;
};

static void *run(void *argument)
{
	struct asks *it = argument;
	int from = it->turned ? it->to.fd : it->fds[0], to = it->turned ? it->fds[0] : it->to.fd;

	it->returned = zs_bridge(from, from, to, to, &(struct zs_options){ .timeout_ns = T_MS(4000) }, it->results);
	it->cpu = t_thread_cpu_ms();
	return NULL;
}

static void begins(struct asks *it, int turned, int nonblock)
{
	it->to = t_connecting();
	it->turned = turned;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, it->fds) == 0);
	t_nonblock(it->fds[0], nonblock);
	t_nonblock(it->to.fd, nonblock);
	it->thread = t_thread(run, it);
}

static void is_answered(struct asks *it, const char *question)
{
	int server = t_accept_connection(&it->to);
	char bytes[16];

	T_EQ(t_read(server, bytes, sizeof bytes), strlen(question));
	MUST(write(server, "answer", 6) == 6 && close(server) == 0);
	if (T_EQ(t_read(it->fds[1], bytes, sizeof bytes), 6))
		T_EQ(memcmp(bytes, "answer", 6), 0);
	t_join(it->thread);
	T_EQ(it->returned, 0);
	T_EQ(it->results[it->turned].bytes, strlen(question));
	T_EQ(it->results[!it->turned].bytes, 6);
	OK(it->cpu < 300);
	t_close2(it->fds);
	MUST(close(it->to.fd) == 0);
}

int main(void)
{
	static const char *questions[] = { "", "question" };
	struct asks all[8];

	for (int i = 0; i < 8; i++) {
		begins(&all[i], i & 1, i >> 1 & 1);
		t_write(all[i].fds[1], questions[i >> 2], strlen(questions[i >> 2]));
		MUST(shutdown(all[i].fds[1], SHUT_WR) == 0);
	}
	t_sleep_ms(50);
	for (int i = 0; i < 8; i++)
		t_make_room(&all[i].to);
	for (int i = 0; i < 8; i++)
		is_answered(&all[i], questions[i >> 2]);
	return t_done();
}
