/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_NOSIGPIPE an output without a reader is EPIPE and raises no signal. A SIGPIPE that is pending stays
 * pending, and the signal mask is restored. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int is_pending(void)
{
	sigset_t pending;

	MUST(sigpending(&pending) == 0);
	return sigismember(&pending, SIGPIPE);
}

static int is_blocked(void)
{
	sigset_t mask;

	MUST(pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
	return sigismember(&mask, SIGPIPE);
}

static void died(enum t_place from, enum t_stream to, uint32_t avoid, int gone_midway)
{
	struct zs_result result = t_unwritten();
	int out[2], in[2] = { -1, -1 }, fd, blocked = is_blocked(), pending = is_pending();
	struct t_later later = { .ms = 10, .close = 1 };
	pthread_t thread;

	t_stream(to, out);
	if (from == T_AT_FILE) {
		fd = t_file(1 << 20);
	} else {
		t_stream((enum t_stream)(from - 1), in);
		fd = in[0];
		MUST(write(in[1], "some bytes", 10) == 10);
	}
	if (gone_midway) {
		later.fd = out[0];
		thread = t_later(&later);
	} else {
		MUST(close(out[0]) == 0);
	}
	if (to == T_A_TCP && !gone_midway) { /* the first write only gets the reset as an answer */
		(void)send(out[1], "x", 1, MSG_NOSIGNAL);
		t_sleep_ms(10);
		(void)send(out[1], "x", 1, MSG_NOSIGNAL);
	}
	T_EQ(T_COPY(fd, NULL, out[1], NULL, ZS_TO_END, &result, .flags = ZS_NOSIGPIPE, .avoid = avoid,
	     .timeout_ns = T_MS(10000)), -1);
	OK(errno == EPIPE || (to == T_A_TCP && errno == ECONNRESET));
	T_EQ(result.error, errno);
	T_EQ(result.side, ZS_SIDE_OUT);
	if (from == T_AT_FILE)
		OK(result.in_flight == 0 && t_position(fd) == (int64_t)result.bytes);
	else
		OK(result.bytes == 0 && t_bytes_available(fd) + (int)result.in_flight == 10);
	if (T_EQ(is_blocked(), blocked))
		T_EQ(is_pending(), pending);
	if (gone_midway)
		t_join(thread);
	MUST(close(out[1]) == 0 && close(fd) == 0 && (in[1] < 0 || close(in[1]) == 0));
}

static void story(void *argument)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, T_ALL_VIA & ~ZS_VIA_READ_WRITE };

	(void)argument;
	for (int from = 0; from < T_PLACES; from++)
		for (int to = T_A_PIPE; to <= T_A_TCP; to++)
			for (int i = 0; i < 3; i++)
				died((enum t_place)from, (enum t_stream)to, avoids[i], 0);
	for (int to = T_A_PIPE; to <= T_A_TCP; to++)
		for (int i = 0; i < 3; i++)
			died(T_AT_FILE, (enum t_stream)to, avoids[i], 1);
}

static void with_one_blocked_and_pending(void *argument)
{
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	MUST(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL) == 0);
	story(argument);
	OK(!is_pending());
	MUST(pthread_kill(pthread_self(), SIGPIPE) == 0 && is_pending());
	story(argument);
	OK(is_pending());
}

int main(void)
{
	/* With its default action SIGPIPE would end the test. */
	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	T_CHILD(story, NULL);
	T_CHILD(with_one_blocked_and_pending, NULL);
	return t_done();
}
