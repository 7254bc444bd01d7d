/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals do not end the wait for an output, and no byte is sent twice. (All bytes are in one page, which takes
 * one slot of the pipe, so the count cannot be short.) */
#include <zsplice.h>
#include "t.h"

static void gets_room_in_a_storm(int flags)
{
	int file = t_file(5000), to[2];
	struct t_later later = { .ms = 60 * t_slower() };
	unsigned char bytes[5001];
	int64_t at = 1000;
	pthread_t reader;

	MUST(pipe2(to, flags) == 0);
	later.fd = to[0];
	later.drain = t_fill_pipe(to[1]);
	t_signals = 0;
	t_signal_storm(1000);
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_sendfile_retry(to[1], file, &at, 3000, 0), 3000);
	T_EQ(errno, ENOTTY);
	T_EQ(at, 4000);
	t_signal_storm(0);
	OK(t_signals >= 3);
	t_join(reader);
	MUST(close(to[1]) == 0);
	if (T_EQ(t_read(to[0], bytes, sizeof bytes), 3000))
		OK(t_is_pattern(bytes, 3000, 1000));
	MUST(close(to[0]) == 0 && close(file) == 0);
}

int main(void)
{
	gets_room_in_a_storm(0);
	gets_room_in_a_storm(O_NONBLOCK);
	return t_done();
}
