/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A process that was stopped (SIGSTOP) for longer than idle_ns or timeout_ns first moves what has arrived meanwhile:
 * the writer was not idle. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void stopped(int64_t idle, int64_t timeout)
{
	int in[2], out = t_file(0), status;
	pid_t child;

	MUST(pipe(in) == 0 && write(in[1], "1", 1) == 1);
	child = fork();
	MUST(child >= 0);
	if (child == 0) {
		struct zs_result result;
		int64_t returned;

		MUST(close(in[1]) == 0);
		returned = T_COPY(in[0], NULL, out, NULL, ZS_TO_END, &result, .idle_ns = idle, .timeout_ns = timeout);
		/* In time, as far as idle_ns goes; else the bytes arrived, although the time is over. */
		_exit(result.bytes == 5 && (idle ? returned == 5 : 1) ? 0 : 1);
	}
	t_sleep_ms(100);
	MUST(kill(child, SIGSTOP) == 0);
	t_sleep_ms(500);
	MUST(write(in[1], "2345", 4) == 4 && close(in[1]) == 0);
	MUST(kill(child, SIGCONT) == 0);
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
	MUST(close(in[0]) == 0 && close(out) == 0);
}

int main(void)
{
	stopped(T_MS(300), 0);
	stopped(0, T_MS(300));
	return t_done();
}
