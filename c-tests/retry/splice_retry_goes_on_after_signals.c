/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals do not end a wait, neither in the system call, which returns EINTR, nor in poll(2). What arrives in
 * the end is moved, and errno stays as it was. */
#include <zsplice.h>
#include "t.h"

static void arrives_in_a_storm(int in_flags, int out_flags)
{
	struct t_later later = { .ms = 60 * t_slower(), .write = "late" };
	int from[2], to[2];
	pthread_t writer;

	MUST(pipe2(from, in_flags) == 0 && pipe2(to, out_flags) == 0);
	later.fd = from[1];
	t_signals = 0;
	t_signal_storm(1000);
	writer = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 100, 0), 4);
	T_EQ(errno, ENOTTY);
	t_signal_storm(0);
	OK(t_signals >= 3);
	T_EQ(t_bytes_available(to[0]), 4);
	t_join(writer);
	t_close2(from);
	t_close2(to);
}

int main(void)
{
	arrives_in_a_storm(0, 0);
	arrives_in_a_storm(O_NONBLOCK, 0);
	arrives_in_a_storm(O_NONBLOCK, O_NONBLOCK);
	return t_done();
}
