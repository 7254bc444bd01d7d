/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Once cancel_fd is readable a copy ends, whatever it waits for: ECANCELED, with every byte accounted
 * for. Nothing is read from cancel_fd, and without ZS_CANCEL_FD it does not count. */
#include <zsplice.h>
#include <sys/eventfd.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_blocked.h"

static struct t_blocked_all all;

static int late(void)
{
	int cancel = eventfd(0, EFD_NONBLOCK);
	uint64_t count = 1;
	int64_t since;

	t_blocked_start(&all, (struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = cancel }, 1);
	t_sleep_ms(T_BLOCKED_MS);
	since = t_now_ms();
	MUST(write(cancel, &count, sizeof count) == sizeof count);
	t_blocked_join(&all);
	T_EQ(read(cancel, &count, sizeof count), sizeof count);
	T_EQ(count, 1);
	MUST(close(cancel) == 0);
	return t_blocked_check(&all, ECANCELED, since, 0, 0);
}

static void readable_before(void)
{
	struct zs_result result = t_unwritten();
	int cancel[2], in = t_file(100), out = t_file(0);

	/* Readable from the start: nothing moves. A hang-up is readable, too. */
	MUST(pipe(cancel) == 0 && write(cancel[1], "!", 1) == 1);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .flags = ZS_CANCEL_FD, .cancel_fd = cancel[0]),
	     -1);
	T_EQ(errno, ECANCELED);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = ECANCELED));
	OK(t_size(out) == 0 && t_position(in) == 0 && t_bytes_available(cancel[0]) == 1);

	/* Without ZS_CANCEL_FD it is not looked at, readable or not valid. */
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .cancel_fd = cancel[0]), 100);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, &result, .cancel_fd = -1), 100);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, &result, .flags = ZS_CANCEL_FD,
	     .cancel_fd = INT_MAX), -1);
	T_EQ(errno, EBADF);
	T_EQ(result.side, ZS_SIDE_CALL);
	T_EQ(result.bytes, 0);
	t_drain(cancel[0], 1);
	MUST(close(cancel[1]) == 0);
	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, &result, .flags = ZS_CANCEL_FD,
	     .cancel_fd = cancel[0]), -1);
	T_EQ(errno, ECANCELED);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	T_IN_TIME(late());
	readable_before();
	return t_done();
}
