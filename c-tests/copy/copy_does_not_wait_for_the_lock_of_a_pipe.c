/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Another thread sleeps in splice(2) into the input pipe and holds its lock: the copy does not wait for the
 * lock, and notices its timeout. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

int main(void)
{
	struct zs_result result;
	int idle[2], in[2], out = t_file(0);
	int64_t began;
	pid_t sleeper;

	t_stream(T_A_TCP, idle);
	MUST(pipe(in) == 0);
	MUST((sleeper = fork()) >= 0);
	if (sleeper == 0) {
		(void)!splice(idle[0], NULL, in[1], NULL, 100, 0);
		_exit(0);
	}
	t_sleep_ms(100);
	began = t_now_ms();
	T_EQ(T_COPY(in[0], NULL, out, NULL, ZS_TO_END, &result, .avoid = ZS_VIA_SPLICE,
	     .timeout_ns = T_MS(200)), -1);
	T_EQ(errno, ETIMEDOUT);
	T_EQ(result.side, ZS_SIDE_CALL);
	T_EQ(result.bytes, 0);
	OK(t_now_ms() - began < 1500 * t_slower());
	MUST(write(idle[1], "x", 1) == 1);
	MUST(waitpid(sleeper, NULL, 0) == sleeper);
	return t_done();
}
