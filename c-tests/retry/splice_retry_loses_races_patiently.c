/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poll(2) reports both sides ready, but another process is faster: after EAGAIN from a pipe zs_splice_retry
 * waits again. Only from a socket it may be that splice(2) never takes what is there (TCP urgent data). */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"

static int from[2], to[2];

static int64_t is_too_late_twenty_times(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier < 20 ? -EAGAIN : T_CONTINUE;
}

static void splices(void *unused)
{
	(void)unused;
	t_intercept(SYS_splice, is_too_late_twenty_times);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 1, 0), 1);
	T_EQ(errno, ENOTTY);
}

static void tees(void *unused)
{
	(void)unused;
	t_intercept(SYS_tee, is_too_late_twenty_times);
	errno = ENOTTY;
	T_EQ(zs_tee_retry(from[0], to[1], 1, 0), 1);
	T_EQ(errno, ENOTTY);
}

int main(void)
{
	MUST(pipe(from) == 0 && write(from[1], "four", 4) == 4);
	MUST(pipe(to) == 0);
	T_CHILD(splices, NULL);
	T_CHILD(tees, NULL);
	if (T_EQ(t_bytes_available(from[0]), 3))
		T_EQ(t_bytes_available(to[0]), 2);
	/* The other side being a socket changes nothing. */
	t_close2(to);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0);
	T_CHILD(splices, NULL);
	if (T_EQ(t_bytes_available(from[0]), 2))
		T_EQ(t_bytes_available(to[0]), 1);
	return t_done();
}
