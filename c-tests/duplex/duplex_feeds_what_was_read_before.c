/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes that the program has read from a side before, or in the middle, follow what was taken from there so far and
 * precede the rest. No event is needed for them. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

static void feed(zs_duplex *duplex, int side, size_t len, uint64_t from)
{
	char *bytes = malloc(len);

	MUST(bytes != NULL);
	t_pattern(bytes, len, from);
	T_EQ(zs_duplex_feed(duplex, side, bytes, len), 0);
	free(bytes);
}

/* Before the first run, and between two. */
static void once(enum t_stream kind, int side, size_t len, zs_pool *pool, unsigned int flags)
{
	struct t_duplex it = t_duplex(kind, kind, pool, flags);
	struct t_poller_of poller = t_poller(T_EDGE, it.fd);
	struct zs_result results[2];
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	size_t fed = 0, got = 0;
	int status;

	t_scene("%s, side %d, %zu bytes, flags %s", t_stream_name(kind), side, len, t_flag_words(flags));
	t_nonblock(it.far[!side], 1);
	feed(it.duplex, side, len, 0);
	fed += len;
	for (int i = 0; i < 4; i++) {
		char byte;

		/* What the socket has is read after what was fed. */
		t_pattern(&byte, 1, fed++);
		t_write(it.far[side], &byte, 1);
		do {
			status = t_duplex_run(it.duplex, events[0], events[1], 0);
			got += t_pull(it.far[!side], SIZE_MAX, got);
			events[0] = events[1] = 0;
			if (status == 1 && got < fed)
				t_poller_wait(&poller, it.duplex, events, 1000);
		} while (OK(status > 0) && got < fed);
		T_EQ(got, fed);
		while (t_poller_wait(&poller, it.duplex, events, 0) > 0)
			T_EQ(t_duplex_run(it.duplex, events[0], events[1], 0), 1);
		/* It waits for its input. Now it is fed, and no event tells. */
		OK(t_wanted(it.duplex, side) & POLLIN);
		feed(it.duplex, side, 10, fed);
		fed += 10;
		T_EQ(t_duplex_run(it.duplex, 0, 0, 0), 1);
		got += t_pull(it.far[!side], SIZE_MAX, got);
		T_EQ(got, fed);
	}
	t_duplex_results(it.duplex, results);
	T_EQ(results[side].bytes, fed);
	T_EQ(results[side].in_flight, 0);
	T_EQ(results[!side].bytes, 0);
	MUST(shutdown(it.far[0], SHUT_WR) == 0 && shutdown(it.far[1], SHUT_WR) == 0);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), 0);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* After its direction has ended there is nobody to read it. */
static void too_late(void)
{
	struct t_duplex it = t_duplex(T_A_UNIX, T_A_UNIX, NULL, ZS_NOSIGPIPE);
	struct zs_result results[2];

	MUST(shutdown(it.far[0], SHUT_WR) == 0);
	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	T_EQ(t_wanted(it.duplex, 0), 0);
	T_EQ(zs_duplex_feed(it.duplex, 0, "late", 4), 0);
	OK(t_duplex_run(it.duplex, 0, 0, 0) > 0);
	t_duplex_results(it.duplex, results);
	T_EQ(results[0].error, EPIPE);
	T_EQ(results[0].side, ZS_SIDE_OUT);
	T_EQ(results[0].in_flight, 4);
	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	while (t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0)
		;
	T_EQ(errno, EPIPE);
	t_duplex_close(&it);
}

int main(void)
{
	static const size_t lens[] = { 1, 16384, 100000, 3000000 };
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int i = 0; i < 32; i++)
		once(i & 1 ? T_A_TCP : T_A_UNIX, i >> 1 & 1, lens[i >> 2 & 3], i & 16 ? pool : NULL,
		     i & 4 ? ZS_STABLE : 0);
	too_late();
	zs_pool_free(pool);
	return t_done();
}
