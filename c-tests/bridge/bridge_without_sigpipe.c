/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_NOSIGPIPE an output without a reader is EPIPE and raises no signal; without the flag SIGPIPE comes. A
 * pipe without a reader is noticed at once, others when there are bytes for them. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void dead(enum t_side_kind kind, int nonblock, uint32_t flags)
{
	struct zs_result results[2];
	struct t_side a, b;
	sigset_t pending, mask;

	t_side(&a, T_BY_UNIX, nonblock, 0, 0);
	t_side(&b, kind, nonblock, 0, 0);
	t_write(a.far_out, "more", 4);
	if (kind == T_BY_PIPES)
		MUST(close(b.far_in) == 0 && close(b.far_out) == 0);
	else
		MUST(shutdown(b.far_in, SHUT_RDWR) == 0);
	errno = 0;
	T_EQ(T_BRIDGE(&a, &b, results, .flags = flags), -1);
	T_EQ(errno, EPIPE);
	T_EQ(results[0].error, EPIPE);
	T_EQ(results[0].side, ZS_SIDE_OUT);
	T_EQ(results[0].bytes, 0);
	/* The other direction has ended. */
	T_EQ(results[1].error, 0);
	T_EQ(results[1].bytes, 0);
	T_EQ(results[0].in_flight + (uint64_t)t_bytes_available(a.in), 4);
	T_EQ(results[1].in_flight, 0);
	MUST(sigpending(&pending) == 0 && pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0);
	OK(!sigismember(&pending, SIGPIPE) && !sigismember(&mask, SIGPIPE));
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(a.far_in) == 0);
	if (kind != T_BY_PIPES)
		MUST(close(b.far_in) == 0);
	else
		MUST(close(b.out) == 0);
}

static void quiet(void *argument)
{
	(void)argument;
	for (int nonblock = 0; nonblock < 2; nonblock++)
		for (int stable = 0; stable < 2; stable++) {
			dead(T_BY_UNIX, nonblock, ZS_NOSIGPIPE | (stable ? ZS_STABLE : 0));
			dead(T_BY_PIPES, nonblock, ZS_NOSIGPIPE | (stable ? ZS_STABLE : 0));
		}
}

static void loud(void *argument)
{
	dead(*(enum t_side_kind *)argument, 0, 0);
}

/* There is nothing for it to write, and nothing comes. */
static void noticed(int nonblock)
{
	struct zs_result results[2];
	struct t_side a, b;
	struct t_later later = { .ms = 20, .close = 1 };
	int64_t began = t_now_ms();
	pthread_t thread;

	t_side(&a, T_BY_UNIX, nonblock, 0, 0);
	t_side(&b, T_BY_PIPES, nonblock, 0, 0);
	MUST(close(b.far_out) == 0);
	later.fd = b.far_in;
	thread = t_later(&later);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE), -1);
	T_EQ(errno, EPIPE);
	OK(t_now_ms() - began < 5000 * t_slower());
	t_join(thread);
	MUST(close(a.in) == 0 && close(a.far_in) == 0 && close(b.in) == 0 && close(b.out) == 0);
}

int main(void)
{
	int status;

	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	T_CHILD(quiet, NULL);
	status = t_child(loud, &(enum t_side_kind){ T_BY_UNIX });
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	noticed(0);
	noticed(1);
	return t_done();
}
