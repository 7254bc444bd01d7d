/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that dies while the input is silent ends the copy at once, with the output's error: nothing that might
 * be written later could arrive. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

struct reader {
	int fd;
};

static void *leave(void *argument)
{
	const struct reader *reader = argument;

	t_sleep_ms(50);
	MUST(close(reader->fd) == 0);
	return NULL;
}

static void dies(enum t_stream from, enum t_stream to, int nonblock, int64_t timeout)
{
	struct zs_result result = t_unwritten();
	struct linger reset = { .l_onoff = 1 };
	int64_t began = t_now_ms(), returned;
	struct reader reader;
	int in[2], out[2];
	pthread_t thread;

	t_stream(from, in);
	t_stream(to, out);
	t_nonblock(in[0], nonblock);
	t_nonblock(out[1], nonblock);
	/* A connection dies of a reset; an orderly close of its peer is no error before something is written. */
	if (to == T_A_TCP)
		MUST(setsockopt(out[0], SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
	reader.fd = out[0];
	thread = t_thread(leave, &reader);
	returned = T_COPY(in[0], NULL, out[1], NULL, ZS_TO_END, &result, .flags = ZS_NOSIGPIPE,
			  .timeout_ns = timeout);
	if (!OK(returned == -1 && errno == (to == T_A_TCP ? ECONNRESET : EPIPE)))
		fprintf(stderr, "... from %s to %s, nonblock %d: %lld, %s\n", t_stream_name(from), t_stream_name(to),
			nonblock, (long long)returned, t_errno_name(errno));
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.bytes, 0);
	OK(t_now_ms() - began < 2000 * t_slower());
	t_join(thread);
	t_close2(in);
	MUST(close(out[1]) == 0);
}

int main(void)
{
	for (int timed = 1; timed >= 0 && t_failures == 0; timed--)
		for (int from = T_A_PIPE; from <= T_A_TCP; from++)
			for (int to = T_A_PIPE; to <= T_A_TCP; to++)
				for (int nonblock = 0; nonblock < 2; nonblock++)
					dies((enum t_stream)from, (enum t_stream)to, nonblock,
					     timed ? T_MS(2500) : 0);
	return t_done();
}
