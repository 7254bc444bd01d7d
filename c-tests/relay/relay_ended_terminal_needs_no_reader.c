/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal that has hung up has ended, although the reader of the output pipe leaves at the worst moment: right
 * after a look at the pipe. With read(2) nothing would be written. */
#include <zsplice.h>
#include "t.h"
#include "t_copy.h"
#include "t_intercept.h"

static int out[2];

static int64_t leaves(const uint64_t *args, int earlier)
{
	struct pollfd *fds = (struct pollfd *)(uintptr_t)args[0];

	(void)earlier;
	if (args[1] != 1 || fds->fd != out[1] || out[0] < 0)
		return T_CONTINUE;
	MUST(close(out[0]) == 0);
	out[0] = -1;
	fds->revents = 0;
	return 0;
}

static void story(void *argument)
{
	zs_relay *relay;
	int pty[2];

	(void)argument;
	MUST(signal(SIGPIPE, t_count_signal) != SIG_ERR);
	t_pty(pty);
	MUST(pipe2(out, O_NONBLOCK) == 0 && close(pty[1]) == 0);
	t_nonblock(pty[0], 1);
	MUST((relay = zs_relay_new(pty[0], out[1], ZS_TO_END, NULL, 0)) != NULL);
	t_intercept(SYS_ppoll, leaves);
	T_EQ(zs_relay_run(relay, 0), 0);
	T_EQ(zs_relay_has_ended(relay), 1);
	T_EQ(t_signals, 0);
	zs_relay_free(relay);
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
