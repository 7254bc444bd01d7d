/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A socket with kTLS takes bytes whole after its connection has died, for nobody. poll(2) says that it has hung up,
 * and then the copy fails. Here the test takes the bytes in place of the kernel. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"

#define LEN ((size_t)8 << 20)

static int64_t takes_all(const uint64_t *args, int earlier)
{
	(void)earlier;
	return (int64_t)args[3];
}

static void story(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_file(LEN), out[2], error;
	socklen_t len = sizeof error;

	(void)argument;
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_tcp_pair(out, 0, 0);
	t_reset(out[1]);
	MUST(poll(&(struct pollfd){ .fd = out[0] }, 1, -1) == 1);
	/* Whoever asks first gets the reset. */
	MUST(getsockopt(out[0], SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNRESET);
	t_intercept(T_SYS_SENDFILE, takes_all);
	T_EQ(T_COPY(in, NULL, out[0], NULL, ZS_TO_END, &result, .timeout_ns = T_MS(3600000)), -1);
	T_EQ(errno, ECONNRESET);
	OK(result.bytes < LEN && result.side == ZS_SIDE_OUT);
}

int main(void)
{
	T_CHILD(story, NULL);
	return t_done();
}
