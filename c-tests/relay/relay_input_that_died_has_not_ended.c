/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A socket reports its error once, and an end from then on. Whichever call gets the error, splice(2) or a check
 * behind a full pipe, the run fails, however rare the error is. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_intercept.h"

static int error;

static int64_t tells_once(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? -error : T_CONTINUE;
}

/* To a pipe of the caller, full or not. */
static void died(void *argument)
{
	int is_full = *(int *)argument;
	struct t_relay it = t_relay(T_A_UNIX, T_A_PIPE, ZS_TO_END, NULL, 0);
	struct zs_result result;

	if (is_full)
		(void)t_fill_pipe(it.fd_out);
	MUST(close(it.in) == 0);
	it.in = -1;
	t_intercept(is_full ? SYS_recvfrom : SYS_splice, tells_once);
	for (int i = 0; i < 2; i++) {
		if (!OK(t_relay_run(it.relay, 0) == -1 && errno == error))
			fprintf(stderr, "... %s, full %d\n", t_errno_name(error), is_full);
		result = t_relay_result(it.relay);
		OK(T_IS(result, .error = error, .side = ZS_SIDE_IN));
	}
	t_relay_close(&it);
}

/* Through a pipe of the relay, in bulk. */
static void died_in_bulk(void *argument)
{
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);
	size_t got = 0, pushed = t_push(it.in, 40000, 0);
	int wanted;

	/* 16 KiB that fill a buffer make it bulk. */
	T_EQ(t_relay_run(it.relay, 16384), ZS_WANT_RUN);
	t_intercept(SYS_splice, tells_once);
	(void)argument;
	wanted = t_flush(&it, &got);
	if (T_EQ(wanted, -1) && T_EQ(errno, error))
		T_EQ(t_relay_result(it.relay).side, ZS_SIDE_IN);
	T_EQ(got, t_relay_result(it.relay).bytes);
	OK(got < pushed);
	t_relay_close(&it);
}

int main(void)
{
	static const int errors[] = { ENOPROTOOPT, ENONET, EPROTO, EMSGSIZE, EHOSTUNREACH };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		error = errors[i];
		T_CHILD(died, &(int){ 0 });
		T_CHILD(died, &(int){ 1 });
		T_CHILD(died_in_bulk, NULL);
	}
	return t_done();
}
