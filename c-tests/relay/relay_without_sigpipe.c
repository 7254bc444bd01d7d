/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_NOSIGPIPE an output without a reader is EPIPE and raises no signal, and a SIGPIPE that is pending
 * stays pending. Without the flag the signal comes. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static int is_pending(void)
{
	sigset_t pending;

	MUST(sigpending(&pending) == 0);
	return sigismember(&pending, SIGPIPE);
}

static void died(enum t_stream in, enum t_stream out, size_t len, unsigned int flags)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, flags);
	int pending = is_pending();
	struct zs_result result;
	size_t pushed;

	MUST(close(it.out) == 0);
	it.out = -1;
	if (out == T_A_TCP) { /* the first write only gets the reset as an answer */
		(void)send(it.fd_out, "x", 1, MSG_NOSIGNAL);
		t_sleep_ms(2);
		(void)send(it.fd_out, "x", 1, MSG_NOSIGNAL);
	}
	pushed = t_push(it.in, len, 0);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, EPIPE);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, EPIPE);
	result = t_relay_result(it.relay);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.bytes, 0);
	OK(in == T_A_TCP || result.in_flight + (size_t)t_bytes_available(it.fd_in) == pushed);
	T_EQ(is_pending(), pending);
	t_relay_close(&it);
}

static void quietly(void *argument)
{
	(void)argument;
	for (int in = 0; in < T_A_PTY; in++)
		for (int out = 0; out < T_A_PTY; out++)
			for (int i = 0; i < 4; i++)
				died((enum t_stream)in, (enum t_stream)out, i % 2 ? 50000 : 10,
				     ZS_NOSIGPIPE | (i / 2 ? ZS_STABLE : 0));
}

static void with_one_pending(void *argument)
{
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	MUST(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL) == 0);
	quietly(argument);
	OK(!is_pending());
	MUST(pthread_kill(pthread_self(), SIGPIPE) == 0 && is_pending());
	quietly(argument);
	OK(is_pending());
}

static void loudly(void *argument)
{
	died(T_A_UNIX, T_A_UNIX, *(size_t *)argument, 0);
}

int main(void)
{
	size_t lens[] = { 10, 50000 };
	int status;

	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	T_CHILD(quietly, NULL);
	T_CHILD(with_one_pending, NULL);
	for (int i = 0; i < 2; i++) {
		status = t_child(loudly, &lens[i]);
		OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	}
	return t_done();
}
