/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A pair shares every error that ends a connection, such as those reported by ICMP, not only resets. Errors
 * that say nothing about the connection (EPIPE, no memory) are not shared. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void told(void *argument)
{
	int error = *(int *)argument, shared = error != EPIPE && error != ENOMEM, wanted;
	struct t_relay there = t_relay_fds(T_A_UNIX, T_A_UNIX);
	struct zs_result result;
	zs_relay *back;

	MUST((there.relay = zs_relay_new(there.fd_in, there.fd_out, ZS_TO_END, NULL, 0)) != NULL);
	MUST((back = zs_relay_new(there.fd_out, there.fd_in, ZS_TO_END, NULL, 0)) != NULL);
	zs_relay_pair(there.relay, back);
	MUST(write(there.in, "x", 1) == 1 && write(there.out, "some", 4) == 4);
	t_refuse(SYS_sendto, error);
	T_EQ(t_relay_run(there.relay, 0), -1);
	T_EQ(errno, error);
	result = t_relay_result(there.relay);
	OK(T_IS(result, .in_flight = 1, .error = error, .side = ZS_SIDE_OUT));
	/* The other one finds a clean end. */
	t_drain(there.fd_out, 4);
	MUST(close(there.out) == 0);
	there.out = -1;
	wanted = t_relay_run(back, 0);
	result = t_relay_result(back);
	if (!T_EQ(wanted, (shared ? -1 : 0)))
		fprintf(stderr, "... %s\n", t_errno_name(error));
	OK(!shared || T_IS(result, .error = error, .side = ZS_SIDE_IN));
	zs_relay_free(back);
	t_relay_close(&there);
}

int main(void)
{
	static int errors[] = { ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH,
				ENETDOWN, ENOPROTOOPT, EPIPE, ENOMEM };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		T_CHILD(told, &errors[i]);
	return t_done();
}
