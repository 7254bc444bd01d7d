/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_INTERRUPT a signal ends a copy that waits, even if its handler has SA_RESTART: the copy does not wait
 * in a system call that the kernel would restart. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void signals(int us)
{
	struct sigaction action = { .sa_handler = t_count_signal, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, us }, { 0, us } };

	MUST(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &every, NULL) == 0);
}

static void place(enum t_place at, int writes, int *here, int *far)
{
	int fds[2] = { -1, -1 };

	if (at == T_AT_FILE)
		fds[writes] = t_file(writes ? 0 : 1 << 20);
	else
		t_stream((enum t_stream)(at - 1), fds);
	*here = fds[writes];
	*far = fds[!writes];
}

static void interrupted(int in, int out, const char *what, int from, int to)
{
	struct zs_result result;

	t_scene("%s, from %d to %d", what, from, to);
	signals(10000);
	T_EQ(T_COPY(in, NULL, out, NULL, 1 << 20, &result, .flags = ZS_INTERRUPT), -1);
	T_EQ(errno, EINTR);
	T_EQ(result.side, ZS_SIDE_CALL);
	T_EQ(result.error, EINTR);
	signals(0);
}

int main(void)
{
	int in, far_in, out, far_out;

	for (int at = T_AT_PIPE; at < T_PLACES + 1; at++) { /* the last: a terminal */
		for (int beside = T_AT_FILE; beside < T_PLACES; beside++) {
			place((enum t_place)at, 0, &in, &far_in);
			place((enum t_place)beside, 1, &out, &far_out);
			interrupted(in, out, "a silent input", at, beside);
			MUST(close(in) == 0 && close(far_in) == 0 && close(out) == 0);
			MUST(far_out < 0 || close(far_out) == 0);
		}
		place(T_AT_FILE, 0, &in, &far_in);
		place((enum t_place)at, 1, &out, &far_out);
		(void)t_fill_stream((enum t_stream)(at - 1), (int[]){ far_out, out });
		interrupted(in, out, "a full output", T_AT_FILE, at);
		MUST(close(in) == 0 && close(out) == 0 && close(far_out) == 0);
	}
	return t_done();
}
