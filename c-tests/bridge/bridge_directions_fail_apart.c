/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A direction whose output fails ends by itself: the answer that the other side gave before it went away
 * arrives, and the end of it is passed on. A direction whose input fails does not pass that on as an end. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"
#include "t_relay.h"

#define ANSWER "413 Content Too Large\n"
#define LEN (sizeof ANSWER - 1)

static void *answers_early(void *argument)
{
	struct t_side *side = argument;

	t_drain(side->far_in, 1);
	t_sleep_ms(5); /* until the bridge is about to block in the other direction */
	if (side->kind == T_BY_PIPES)
		MUST(close(side->far_in) == 0);
	t_sleep_ms(5);
	t_write(side->far_out, ANSWER, LEN);
	MUST(close(side->far_out) == 0);
	return NULL;
}

/* A server that refuses a request of 8 MiB before it has read it, a program that reads one line. */
static void early(enum t_side_kind kind, int nonblock, int turned, uint32_t flags)
{
	struct zs_result results[2];
	struct t_side a, b, *client = turned ? &b : &a, *server = turned ? &a : &b;
	char bytes[LEN + 1];
	pthread_t thread;

	t_scene("%s answers, nonblock %d turned %d flags %#x", t_side_kind_name(kind), nonblock, turned, flags);
	t_side(client, T_BY_UNIX, nonblock, 8 << 20, 0);
	t_side(server, kind, nonblock, 0, 0);
	client->writer = t_thread(t_side_write, client);
	thread = t_thread(answers_early, server);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = flags | ZS_NOSIGPIPE, .timeout_ns = T_MS(5000)), -1);
	OK(errno == EPIPE || errno == ECONNRESET);
	T_EQ(results[turned].error, errno);
	T_EQ(results[turned].side, ZS_SIDE_OUT);
	T_EQ(results[!turned].bytes, LEN);
	OK(results[!turned].error == 0 || (kind != T_BY_PIPES && results[!turned].error == ECONNRESET));
	t_join(thread);
	if (OK(t_read(client->far_in, bytes, LEN) == LEN))
		OK(memcmp(bytes, ANSWER, LEN) == 0);
	/* The end is passed on, a reset is not. */
	t_nonblock(client->far_in, 1);
	T_EQ(recv(client->far_in, bytes, 1, 0), results[!turned].error ? -1 : 0);
	t_nonblock(client->far_in, 0);
	t_drain(client->in, (8 << 20) - results[turned].bytes - results[turned].in_flight);
	t_join(client->writer);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(client->far_in) == 0);
	if (kind == T_BY_PIPES)
		MUST(close(server->out) == 0);
}

/* The error of the direction that failed first; a time limit ends the other. */
static void in_time(int nonblock, int turned)
{
	struct zs_result results[2];
	struct t_side a, b, *dead = turned ? &a : &b;

	t_scene("one output is dead, the other direction silent, nonblock %d turned %d", nonblock, turned);
	t_side(&a, T_BY_PIPES, nonblock, 0, 0);
	t_side(&b, T_BY_PIPES, nonblock, 0, 0);
	MUST(close(dead->far_in) == 0);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE, .timeout_ns = T_MS(50)), -1);
	T_EQ(errno, EPIPE);
	T_EQ(results[turned].error, EPIPE);
	T_EQ(results[turned].side, ZS_SIDE_OUT);
	T_EQ(results[!turned].error, ETIMEDOUT);
	T_EQ(results[!turned].side, ZS_SIDE_CALL);
	MUST(close(a.in) == 0 && close(a.out) == 0 && close(b.in) == 0 && close(b.out) == 0);
	MUST(close(a.far_out) == 0 && close(b.far_out) == 0 && close(turned ? b.far_in : a.far_in) == 0);
}

/* What came before a reset is delivered, the reset is not passed on as an end; the other side's bytes go on
 * only where the connection that died is not used. */
static void input_fails(int nonblock)
{
	struct zs_result results[2];
	struct t_side a, b;
	char bytes[8];

	t_scene("an input is reset, nonblock %d", nonblock);
	t_side(&a, T_BY_UNIX, nonblock, 0, 0);
	t_side(&b, T_BY_TCP, nonblock, 0, 0);
	t_write(b.far_out, "some", 4);
	t_reset(b.far_in);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE, .timeout_ns = T_MS(5000)), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(results[0].error, ECONNRESET);
	T_EQ(results[1].error, ECONNRESET);
	T_EQ(results[1].bytes, 4);
	OK(t_read(a.far_in, bytes, 4) == 4 && memcmp(bytes, "some", 4) == 0);
	T_EQ(recv(a.far_in, bytes, 1, MSG_DONTWAIT), -1);
	T_EQ(errno, EAGAIN);
	MUST(close(a.in) == 0 && close(a.far_in) == 0 && close(b.in) == 0);
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		for (int kind = 0; kind < T_BY_FILES; kind++) {
			early((enum t_side_kind)kind, i & 1, i >> 1, 0);
			early((enum t_side_kind)kind, i & 1, i >> 1, ZS_STABLE);
		}
		in_time(i & 1, i >> 1);
	}
	input_fails(0);
	input_fails(1);
	return t_done();
}
