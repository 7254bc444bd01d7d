/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output pipe that is full to the last byte hides neither the end of the input nor its reset: nothing is
 * left to write, so the run reports it and does not wait for room. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void is_over(zs_relay *relay, uint64_t bytes, int error)
{
	struct zs_result result;
	int wanted;

	for (int i = 0; i < 2; i++) {
		errno = 0;
		wanted = zs_relay_run(relay, 0);
		result = t_relay_result(relay);
		if (!OK(wanted == (error ? -1 : 0) && errno == error))
			fprintf(stderr, "... wanted %s\n", t_want_words(wanted));
		OK(T_IS(result, .bytes = bytes, .via = bytes ? ZS_VIA_SPLICE : 0, .error = error,
			.side = error ? ZS_SIDE_IN : 0));
	}
}

/* The last bytes of the input fill the pipe. */
static void fills(int from_file, unsigned int flags)
{
	int in[2], out[2], size;
	zs_relay *relay;

	MUST(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	MUST((size = fcntl(out[1], F_GETPIPE_SZ)) > 0 && fcntl(in[1], F_SETPIPE_SZ, size) == size);
	MUST(from_file || t_push(in[1], (size_t)size, 0) == (size_t)size);
	MUST(close(in[1]) == 0);
	if (from_file) {
		MUST(close(in[0]) == 0);
		in[0] = t_file((size_t)size);
	}
	MUST((relay = zs_relay_new(in[0], out[1], ZS_TO_END, NULL, flags)) != NULL);
	is_over(relay, (uint64_t)size, 0);
	T_EQ(t_pull(out[0], SIZE_MAX, 0), (size_t)size);
	zs_relay_free(relay);
	t_close2(out);
	MUST(close(in[0]) == 0);
}

/* It was full before. */
static void was_full(enum t_stream in, int with_reset, unsigned int flags)
{
	struct t_relay it = t_relay(in, T_A_PIPE, ZS_TO_END, NULL, flags);

	(void)t_fill_pipe(it.fd_out);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	if (with_reset)
		t_reset(it.in);
	else
		MUST(close(it.in) == 0);
	it.in = -1;
	while (t_ready(it.fd_in, POLLIN) == 0)
		t_sleep_ms(1);
	is_over(it.relay, 0, with_reset ? ECONNRESET : 0);
	t_relay_close(&it);
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		unsigned int flags = i ? ZS_RELAY_LEVEL | ZS_RELAY_SHUTDOWN : 0;

		fills(0, flags);
		fills(1, flags);
		for (int in = 0; in < T_A_PTY; in++)
			was_full((enum t_stream)in, 0, flags);
		was_full(T_A_TCP, 1, flags);
	}
	return t_done();
}
