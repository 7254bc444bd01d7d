/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals do not end a wait of tee either, for the input or for the output. */
#include <zsplice.h>
#include "t.h"

static void arrives_in_a_storm(int flags)
{
	struct t_later later = { .ms = 60 * t_slower(), .write = "late" };
	int from[2], to[2];
	pthread_t writer;

	MUST(pipe2(from, flags) == 0 && pipe2(to, flags) == 0);
	later.fd = from[1];
	t_signals = 0;
	t_signal_storm(1000);
	writer = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_tee_retry(from[0], to[1], 100, 0), 4);
	T_EQ(errno, ENOTTY);
	t_signal_storm(0);
	OK(t_signals >= 3);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 4);
	t_join(writer);
	t_close2(from);
	t_close2(to);
}

static void gets_room_in_a_storm(int flags)
{
	struct t_later later = { .ms = 60 * t_slower() };
	int from[2], to[2];
	pthread_t reader;

	MUST(pipe2(from, flags) == 0 && pipe2(to, flags) == 0 && write(from[1], "four", 4) == 4);
	later.fd = to[0];
	later.drain = t_fill_pipe(to[1]);
	t_signals = 0;
	t_signal_storm(1000);
	reader = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_tee_retry(from[0], to[1], 100, 0), 4);
	T_EQ(errno, ENOTTY);
	t_signal_storm(0);
	OK(t_signals >= 3);
	t_join(reader);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 4);
	t_close2(from);
	t_close2(to);
}

int main(void)
{
	arrives_in_a_storm(0);
	arrives_in_a_storm(O_NONBLOCK);
	gets_room_in_a_storm(0);
	gets_room_in_a_storm(O_NONBLOCK);
	return t_done();
}
