/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A connection that is reset right before the relay shuts it down has not taken the end of the input. */
#include <zsplice.h>
#include "t.h"
#include "t_copy.h"
#include "t_intercept.h"
#include "t_reset.h"

static void run(void *argument)
{
	struct zs_result result;
	int in[2], out[2];
	zs_relay *relay;

	(void)argument;
	t_stream(T_A_UNIX, in);
	t_stream(T_A_TCP, out);
	t_nonblock(in[0], 1);
	t_nonblock(out[1], 1);
	MUST((relay = zs_relay_new(in[0], out[1], ZS_TO_END, NULL, ZS_NOSIGPIPE | ZS_RELAY_SHUTDOWN)) != NULL);
	MUST(write(in[1], "four", 4) == 4 && close(in[1]) == 0);
	t_reset_before(out[0], SYS_shutdown, 0);
	T_EQ(zs_relay_run(relay, 0), -1);
	T_EQ(errno, ECONNRESET);
	zs_relay_result(relay, &result);
	T_EQ(result.side, ZS_SIDE_OUT);
	zs_relay_free(relay);
}

int main(void)
{
	T_CHILD(run, NULL);
	return t_done();
}
