/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_NOSIGPIPE an output without a reader is EPIPE and raises no signal, and what was pending or blocked
 * still is. Without the flag SIGPIPE comes. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static int is_pending(void)
{
	sigset_t pending;

	MUST(sigpending(&pending) == 0);
	return sigismember(&pending, SIGPIPE);
}

static void fan_out(uint32_t flags, int64_t wanted)
{
	int in = t_file(1 << 20), dead[2], alive = open("/dev/null", O_WRONLY), before = is_pending();
	struct zs_result results[3];

	for (int kind = T_A_PIPE; kind <= T_A_UNIX; kind++) {
		MUST(lseek(in, 0, SEEK_SET) == 0);
		t_stream((enum t_stream)kind, dead);
		MUST(close(dead[0]) == 0);
		T_EQ(zs_fanout(in, NULL, (int[]){ alive, dead[1], dead[1] }, 3, ZS_TO_END, &(struct zs_options){
		     .flags = flags }, results), wanted);
		T_EQ(results[1].error, EPIPE);
		T_EQ(results[1].side, ZS_SIDE_OUT);
		OK(wanted == -1 || results[2].error == EPIPE);
		OK(!(flags & ZS_NOSIGPIPE) || is_pending() == before);
		MUST(close(dead[1]) == 0);
	}
	MUST(close(in) == 0 && close(alive) == 0);
}

static void quiet(void *argument)
{
	sigset_t sigpipe, mask;

	(void)argument;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	fan_out(ZS_NOSIGPIPE, -1);
	fan_out(ZS_NOSIGPIPE | ZS_DROP_FAILED, 1 << 20);
	fan_out(ZS_NOSIGPIPE | ZS_DROP_FAILED | ZS_STABLE, 1 << 20);
	MUST(pthread_sigmask(SIG_BLOCK, NULL, &mask) == 0);
	OK(!sigismember(&mask, SIGPIPE));
	MUST(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL) == 0 && raise(SIGPIPE) == 0 && is_pending());
	fan_out(ZS_NOSIGPIPE | ZS_DROP_FAILED, 1 << 20);
	OK(is_pending());
}

static void loud(void *argument)
{
	fan_out(*(uint32_t *)argument, -1);
	OK(0);
}

int main(void)
{
	int status;

	MUST(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	T_CHILD(quiet, NULL);
	status = t_child(loud, &(uint32_t){ 0 });
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	status = t_child(loud, &(uint32_t){ ZS_STABLE });
	OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	return t_done();
}
