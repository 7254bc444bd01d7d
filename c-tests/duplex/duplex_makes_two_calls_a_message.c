/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Over TCP a small message costs one recv(2) and one send(2), also edge-triggered: no second read looks whether more
 * has come. Where that cannot be trusted, one more read does. Only the side that is ready is tried. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"
#include "t_calls.h"

struct run {
	struct t_duplex *it;
	unsigned int events[2];
	int status;
};

static void run_it(void *argument)
{
	struct run *run = argument;

	T_EQ(zs_duplex_run(run->it->duplex, run->events[0], run->events[1], 0), run->status);
}

/* Has each side of `from` (1: a, 2: b) send a message, runs the duplex in a child with these events, and compares the
 * calls with those in `wanted`, which ends with 0. */
static void makes(struct t_duplex *it, int from, unsigned int of_a, unsigned int of_b, const long *wanted)
{
	struct run run = { it, { of_a, of_b }, 1 };
	long calls[16];
	int count, i = 0;

	for (int side = 0; side < 2; side++)
		MUST(!(from & 1 << side) || write(it->far[side], "message", 7) == 7);
	for (int side = 0; side < 2; side++)
		MUST(!(from & 1 << side) || t_ready(it->fd[side], POLLIN));
	count = t_system_calls(run_it, &run, calls, 16);
	for (; i < count && i < 16 && OK(calls[i] == wanted[i]); i++)
		;
	if (!T_EQ(wanted[i], 0))
		for (i = 0; i < count && i < 16; i++)
			fprintf(stderr, "... call %d is %s\n", i, t_call_name(calls[i]));
	/* What the child has not moved, and what it has. */
	for (int side = 0; side < 2; side++) {
		T_EQ(t_duplex_run(it->duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
		t_drain(it->far[side], (size_t)t_bytes_available(it->far[side]));
	}
}

#define MAKES(it, from, of_a, of_b, ...) makes(it, from, of_a, of_b, (const long[]){ __VA_ARGS__, 0 })

/* A direction that waits for both sides: bytes that come do not have it try the full output, and room does not have it
 * read where nothing is. */
static void tries_one_side(void)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_UNIX, NULL, ZS_NOSIGPIPE);
	struct run run = { &it, { POLLIN, 0 }, 1 };
	size_t pushed = 0;
	long calls[64];
	int count;

	t_scene("both sides are waited for");
	t_nonblock(it.far[0], 1);
	/* More than the output takes, and less than the pipe does. */
	for (int turn = 0; turn < 2000 && pushed < 700000; turn++) {
		pushed += t_push(it.far[0], 50000, pushed);
		OK(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0);
	}
	for (int turn = 0; turn < 200 && !(t_wanted(it.duplex, 0) & POLLIN); turn++) {
		t_sleep_ms(1);
		t_duplex_run(it.duplex, POLLIN, 0, 0);
	}
	if (!T_EQ(t_wanted(it.duplex, 0), POLLIN) || !T_EQ(t_wanted(it.duplex, 1), POLLIN | POLLOUT))
		return;
	t_write(it.far[0], "more", 4);
	MUST(t_ready(it.fd[0], POLLIN));
	count = t_system_calls(run_it, &run, calls, 64);
	OK(count > 0 && (calls[0] == SYS_splice || calls[0] == SYS_recvfrom));
	t_drain(it.far[1], 200000);
	run.events[0] = 0;
	run.events[1] = POLLOUT;
	count = t_system_calls(run_it, &run, calls, 64);
	OK(count > 0 && count < 64 && calls[0] == SYS_ppoll);
	for (int i = 0; i < count && i < 64; i++)
		OK(calls[i] != SYS_recvfrom);
	t_duplex_close(&it);
}

int main(void)
{
	static const unsigned int more[] = { POLLRDHUP, POLLPRI };
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int pooled = 0; pooled < 2; pooled++) {
		struct t_duplex tcp = t_duplex(T_A_TCP, T_A_TCP, pooled ? pool : NULL, ZS_NOSIGPIPE);
		struct t_duplex local = t_duplex(T_A_UNIX, T_A_UNIX, pooled ? pool : NULL, ZS_NOSIGPIPE);

		t_scene(pooled ? "with a pool" : "without a pool");
		T_EQ(t_duplex_run(tcp.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
		T_EQ(t_duplex_run(local.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
		MAKES(&tcp, 1, POLLIN, 0, SYS_recvfrom, SYS_sendto);
		MAKES(&tcp, 2, 0, POLLIN, SYS_recvfrom, SYS_sendto);
		MAKES(&tcp, 3, POLLIN, POLLIN, SYS_recvfrom, SYS_sendto, SYS_recvfrom, SYS_sendto);
		/* What is writable has been so before, and says nothing. */
		MAKES(&tcp, 1, POLLIN | POLLOUT, POLLOUT, SYS_recvfrom, SYS_sendto);
		/* Nothing is reported, or nothing that anybody waits for. */
		MAKES(&tcp, 3, 0, 0, 0);
		MAKES(&tcp, 3, POLLOUT, POLLOUT, 0);
		/* Something more than bytes has come, or may have. */
		for (size_t i = 0; i < 2; i++)
			MAKES(&tcp, 1, POLLIN | more[i], 0, SYS_recvfrom, SYS_sendto, SYS_recvfrom);
		/* ppoll: whether a is dead, as the output of the other direction. */
		MAKES(&tcp, 1, ZS_EVENTS_ALL, 0, SYS_recvfrom, SYS_sendto, SYS_recvfrom, SYS_ppoll);
		/* A socket that cuts reads short where descriptors were sent along. */
		MAKES(&local, 1, POLLIN, 0, SYS_recvfrom, SYS_sendto, SYS_recvfrom);
		MAKES(&local, 2, 0, POLLIN, SYS_recvfrom, SYS_sendto, SYS_recvfrom);
		t_duplex_close(&tcp);
		t_duplex_close(&local);
	}
	tries_one_side();
	zs_pool_free(pool);
	return t_done();
}
