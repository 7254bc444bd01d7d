/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A notice in the error queue of a socket makes poll(2) report POLLERR for as long as nobody reads it. A
 * reset that comes later is noticed all the same, at the output of a silent direction. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"
#include "t_relay.h"
#include <linux/net_tstamp.h>

static void *later(void *argument)
{
	t_sleep_ms(100);
	t_reset(*(int *)argument);
	return NULL;
}

/* Sends a byte, of which the error queue tells. */
static int has_notice(int fd, int far)
{
	const int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) != 0)
		return 0;
	MUST(send(fd, "!", 1, 0) == 1);
	t_drain(far, 1);
	for (int i = 0; i < 200 && !(t_ready(fd, 0) & POLLERR); i++)
		t_sleep_ms(1);
	return (t_ready(fd, 0) & POLLERR) != 0;
}

static void reset(int nonblock, int turned)
{
	struct zs_result results[2];
	struct t_side a, b, *silent = turned ? &b : &a, *side = turned ? &a : &b;
	int64_t began;
	pthread_t thread;

	t_scene("nonblock %d turned %d", nonblock, turned);
	t_side(silent, T_BY_TCP, nonblock, 0, 0);
	t_side(side, T_BY_TCP, nonblock, 0, 0);
	if (!has_notice(side->out, side->far_in))
		t_skip("no socket has a queue of errors here");
	MUST(shutdown(side->far_out, SHUT_WR) == 0);
	thread = t_thread(later, &side->far_in);
	began = t_now_ms();
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE, .timeout_ns = T_MS(3000)), -1);
	OK(errno == EPIPE || errno == ECONNRESET);
	T_EQ(results[turned].side, ZS_SIDE_OUT);
	T_EQ(results[!turned].error, 0);
	OK(t_now_ms() - began < 2500 * t_slower());
	t_join(thread);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(silent->far_in) == 0);
}

int main(void)
{
	for (int i = 0; i < 4; i++)
		reset(i & 1, i >> 1);
	return t_done();
}
