/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZS_NOSIGPIPE removes no SIGPIPE that the copy cannot have caused: one that is sent while it writes to a pipe,
 * and succeeds, is delivered, or stays pending if the caller blocks it. (A socket may raise one beside a count,
 * so there it goes.) */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int send_one(void *context, const struct zs_result *so_far)
{
	int status;
	pid_t child;

	(void)so_far;
	if ((*(int *)context)++ > 0)
		return 0;
	child = fork();
	MUST(child >= 0);
	if (child == 0)
		_exit(kill(getppid(), SIGPIPE) != 0);
	MUST(waitpid(child, &status, 0) == child && status == 0);
	return 0;
}

static void copied(enum t_stream to)
{
	int in = t_file(1000), out[2], sent = 0;
	struct zs_result result;

	t_stream(to, out);
	T_EQ(T_COPY(in, NULL, out[1], NULL, ZS_TO_END, &result, .flags = ZS_NOSIGPIPE, .progress = send_one,
	     .context = &sent), 1000);
	OK(sent > 0 && result.error == 0 && t_gives_pattern(out[0], 1000, 0));
	MUST(close(in) == 0);
	t_close2(out);
}

int main(void)
{
	struct sigaction action = { .sa_handler = t_count_signal };
	sigset_t sigpipe, pending;

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	for (int to = T_A_PIPE; to <= T_A_TCP; to++) {
		t_signals = 0;
		copied((enum t_stream)to);
		T_EQ(t_signals, to == T_A_PIPE);
	}
	t_signals = 0;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	MUST(pthread_sigmask(SIG_BLOCK, &sigpipe, NULL) == 0);
	for (int to = T_A_PIPE; to <= T_A_TCP; to++) {
		copied((enum t_stream)to);
		MUST(sigpending(&pending) == 0);
		T_EQ(sigismember(&pending, SIGPIPE), to == T_A_PIPE);
		T_EQ(t_signals, 0);
		sigtimedwait(&sigpipe, NULL, &(struct timespec){ 0 });
	}
	return t_done();
}
