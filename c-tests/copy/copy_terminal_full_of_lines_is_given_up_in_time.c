/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking terminal turns each newline into two bytes, and is full sooner than poll(2) reports. A copy to it
 * notices its timeout all the same, and counts exactly what the terminal has received. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 200000

static void full_of(char byte, int makes)
{
	struct zs_result result;
	struct termios mode;
	static char got[1 << 20];
	int in = t_file(0), pty[2];
	uint64_t arrived = 0;
	int64_t began;
	char *bytes = malloc(LEN);

	MUST(bytes != NULL);
	memset(bytes, byte, LEN);
	MUST(pwrite(in, bytes, LEN, 0) == LEN);
	free(bytes);
	t_pty(pty);
	MUST(tcgetattr(pty[1], &mode) == 0);
	mode.c_oflag = OPOST | ONLCR | TAB3;
	MUST(tcsetattr(pty[1], TCSANOW, &mode) == 0);

	began = t_now_ms();
	T_EQ(T_COPY(in, NULL, pty[1], NULL, ZS_TO_END, &result, .timeout_ns = T_MS(80)), -1);
	if (T_EQ(errno, ETIMEDOUT) && T_EQ(result.side, ZS_SIDE_CALL))
		OK(t_now_ms() - began < 5000 * t_slower());
	OK(result.bytes > 0 && result.bytes < LEN);
	T_EQ(result.in_flight, 0);
	T_EQ(t_position(in), (int64_t)result.bytes);
	arrived = t_read_rest(pty[0], got, sizeof got);
	if (!T_EQ(arrived, result.bytes * (uint64_t)makes))
		fprintf(stderr, "... %llu counted, %llu have arrived\n", (unsigned long long)result.bytes,
			(unsigned long long)arrived);
	t_close2(pty);
	MUST(close(in) == 0);
}

int main(void)
{
	full_of('\n', 2);
	full_of('x', 1);
	return t_done();
}
