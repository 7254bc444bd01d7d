/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broken output is an error even when there is nothing to write to it; a live one is not. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include <linux/net_tstamp.h>

static void dies(enum t_stream in, enum t_stream out, int error, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags | ZS_NOSIGPIPE);
	struct zs_result result;

	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	if (out == T_A_TCP)
		t_reset(it.out);
	else
		MUST(close(it.out) == 0);
	it.out = -1;
	t_sleep_ms(1);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, error);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, error);
	result = t_relay_result(it.relay);
	OK(T_IS(result, .side = ZS_SIDE_OUT, .error = error));
	t_relay_close(&it);
}

/* A peer that only ended its stream is alive, and so is a socket with a message in its error queue. */
static void lives(void)
{
	int stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED;
	struct t_relay it = t_relay(T_A_UNIX, T_A_TCP, ZS_TO_END, NULL, 0);
	size_t got = 0;

	MUST(shutdown(it.out, SHUT_WR) == 0);
	MUST(setsockopt(it.fd_out, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps) == 0);
	t_push(it.in, 100, 0);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	t_sleep_ms(2);
	if (!(t_ready(it.fd_out, 0) & POLLERR))
		fprintf(stderr, "no stamps here\n");
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	t_push(it.in, 100, 100);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	T_EQ(t_pull(it.out, 1000, got), 200);
	t_relay_close(&it);
}

static void closed(void)
{
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);

	MUST(close(it.fd_out) == 0);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, EBADF);
	MUST((it.fd_out = dup(it.fd_in)) >= 0);
	t_relay_close(&it);
}

int main(void)
{
	for (int in = 0; in < T_STREAMS; in++)
		for (int level = 0; level < 2; level++) {
			unsigned int flags = level ? ZS_RELAY_LEVEL | ZS_STABLE : 0;

			dies((enum t_stream)in, T_A_PIPE, EPIPE, flags);
			dies((enum t_stream)in, T_A_UNIX, EPIPE, flags);
			dies((enum t_stream)in, T_A_TCP, ECONNRESET, flags);
			dies((enum t_stream)in, T_A_PTY, EIO, flags);
		}
	lives();
	closed();
	return t_done();
}
