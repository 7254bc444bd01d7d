/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A peer that has shut down while it is sent more than it reads: no poller wakes the program again and again until
 * there is room, if it is asked for what the duplex wants, as zs_duplex(3) says. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define PAUSE 200

struct reader {
	int fd;
	size_t got;
};

/* Reads nothing for a while, and then all. */
static void *reads_late(void *argument)
{
	struct reader *it = argument;
	char bytes[65536];
	size_t n;

	t_sleep_ms(PAUSE);
	while ((n = t_read(it->fd, bytes, sizeof bytes)) > 0) {
		OK(t_is_pattern(bytes, n, it->got));
		it->got += n;
	}
	return NULL;
}

static void *writes(void *argument)
{
	struct reader *it = argument;
	char bytes[65536];

	for (size_t at = 0; at < it->got; at += sizeof bytes) {
		t_pattern(bytes, sizeof bytes, at);
		t_write(it->fd, bytes, sizeof bytes);
	}
	MUST(shutdown(it->fd, SHUT_WR) == 0);
	return NULL;
}

static void once(enum t_poller how, enum t_stream kind, int turned)
{
	struct t_duplex it = t_duplex(kind, kind, NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	struct reader writer = { it.far[!turned], 128 * 65536 }, reader = { it.far[turned], 0 };
	pthread_t threads[2];
	int64_t cpu = t_cpu_ms();
	long runs = 0, vain = 0;

	t_scene("%s, %s, turned %d", t_poller_name(how), t_stream_name(kind), turned);
	MUST(shutdown(it.far[turned], SHUT_WR) == 0);
	threads[0] = t_thread(writes, &writer);
	threads[1] = t_thread(reads_late, &reader);
	T_EQ(t_duplex_drive(it.duplex, &poller, &runs, &vain), 0);
	t_join(threads[0]);
	t_join(threads[1]);
	T_EQ(reader.got, writer.got);
	if (!OK(vain <= 20 + runs / 2) || !OK(poller.woken <= runs + 20) || !OK(runs < 20000))
		fprintf(stderr, "... woken %ld times, %ld runs, %ld in vain, %lld ms of CPU\n", poller.woken, runs, vain,
			(long long)(t_cpu_ms() - cpu));
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	for (int how = 0; how < T_POLLERS; how++)
		for (int i = 0; i < 4; i++)
			once((enum t_poller)how, i & 1 ? T_A_TCP : T_A_UNIX, i >> 1);
	return t_done();
}
