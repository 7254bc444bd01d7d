/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* tee waits for an empty input and for a full output, whichever of the two is O_NONBLOCK. The input keeps its
 * bytes. */
#include <zsplice.h>
#include "t.h"

static void waits(int in_nonblock, int out_nonblock, int by_slots)
{
	struct t_later arrives = { .ms = 30, .write = "late" }, drains = { .ms = 30 };
	int from[2], to[2];
	int64_t start = t_now_ms();
	pthread_t other;

	MUST(pipe(from) == 0 && pipe(to) == 0);
	t_nonblock(from[0], in_nonblock);
	t_nonblock(to[1], out_nonblock);
	arrives.fd = from[1];
	other = t_later(&arrives);
	errno = ENOTTY;
	T_EQ(zs_tee_retry(from[0], to[1], 100, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 29);
	t_join(other);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 4);

	t_drain(to[0], 4);
	drains.fd = to[0];
	drains.drain = by_slots ? t_fill_slots(to[1]) : t_fill_pipe(to[1]);
	start = t_now_ms();
	other = t_later(&drains);
	errno = ENOTTY;
	T_EQ(zs_tee_retry(from[0], to[1], 100, 0), 4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 29);
	t_join(other);
	if (T_EQ(t_bytes_available(from[0]), 4))
		T_EQ(t_bytes_available(to[0]), 4);
	t_close2(from);
	t_close2(to);
}

int main(void)
{
	for (int ends = 0; ends < 8; ends++)
		waits(ends & 1, ends & 2, ends & 4);
	return t_done();
}
