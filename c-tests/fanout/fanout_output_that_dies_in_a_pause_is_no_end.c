/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output dies while the fan-out waits for its rate: that is EPIPE, and not the end of a terminal of which splice(2)
 * alone may ask. */
#include <zsplice.h>
#include "t.h"
#include "t_copy.h"

static int peer;

static int dies(void *context, const struct zs_result *so_far)
{
	(void)context;
	if (so_far->bytes > 0 && peer >= 0) {
		MUST(close(peer) == 0);
		peer = -1;
	}
	return 0;
}

int main(void)
{
	struct zs_options with = { .size = sizeof with, .flags = ZS_NOSIGPIPE, .rate = 2000, .progress = dies };
	static char bytes[3000];
	struct zs_result result;
	int pty[2], out[2];

	with.avoid = ZS_VIA_READ_WRITE;
	t_pty(pty);
	MUST(write(pty[0], bytes, sizeof bytes) == sizeof bytes);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	peer = out[1];
	T_EQ(zs_fanout(pty[1], NULL, &out[0], 1, sizeof bytes, &with, &result), -1);
	T_EQ(errno, EPIPE);
	T_EQ(result.error, EPIPE);
	OK(result.bytes < sizeof bytes);
	t_close2(pty);
	MUST(close(out[0]) == 0);
	return t_done();
}
