/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An empty input and a full output: whichever comes first, the other is waited for as well. */
#include <zsplice.h>
#include "t.h"

static void waits(int arrives_after, int drains_after, int tee)
{
	struct t_later arrives = { .ms = arrives_after, .write = "late" };
	struct t_later drains = { .ms = drains_after };
	int64_t start = t_now_ms();
	pthread_t writer, reader;
	int from[2], to[2];

	MUST(pipe2(from, O_NONBLOCK) == 0 && pipe2(to, O_NONBLOCK) == 0);
	arrives.fd = from[1];
	drains.fd = to[0];
	drains.drain = t_fill_pipe(to[1]);
	writer = t_later(&arrives);
	reader = t_later(&drains);
	errno = ENOTTY;
	T_EQ((tee ? zs_tee_retry(from[0], to[1], 100, 0) : zs_splice_retry(from[0], NULL, to[1], NULL, 100, 0)),
	     4);
	if (T_EQ(errno, ENOTTY))
		OK(t_now_ms() - start >= 59);
	t_join(writer);
	t_join(reader);
	T_EQ(t_bytes_available(to[0]), 4);
	t_close2(from);
	t_close2(to);
}

int main(void)
{
	for (int tee = 0; tee < 2; tee++) {
		waits(30, 60, tee);
		waits(60, 30, tee);
	}
	return t_done();
}
