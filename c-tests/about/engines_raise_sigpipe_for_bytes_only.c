/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A dead output is EPIPE whether the input has bytes or is silent. SIGPIPE comes with it once where there are bytes,
 * as from write(2), and does not where nothing was to be written, whatever the engine and the pair. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"

static void dies(enum t_engine engine, enum t_stream from, enum t_stream to, int with_bytes, uint32_t flags)
{
	struct zs_options options = { .flags = flags };
	struct zs_result result = t_unwritten();
	int in[2], out[2];

	t_scene("%s from %s to %s, %s, flags %x", t_engine_name(engine), t_stream_name(from), t_stream_name(to),
		with_bytes ? "bytes" : "silent", flags);
	t_stream(from, in);
	t_stream(to, out);
	t_nonblock(in[0], 1);
	t_nonblock(out[1], 1);
	if (with_bytes)
		t_write_pattern(in[1], 1000);
	MUST(close(out[0]) == 0);
	t_signals = 0;
	T_EQ(t_engine(engine, in[0], NULL, out[1], ZS_TO_END, &options, &result), -1);
	T_EQ(errno, EPIPE);
	T_EQ(result.error, EPIPE);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.bytes, 0);
	T_EQ(t_signals, with_bytes && !(flags & ZS_NOSIGPIPE));
	t_close2(in);
	MUST(close(out[1]) == 0);
}

int main(void)
{
	struct sigaction action = { .sa_handler = t_count_signal };

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	for (int i = 0; i < T_ENGINES * T_STREAMS * 2 * 2 * 2; i++) {
		enum t_stream from = i / T_ENGINES % T_STREAMS;

		dies(i % T_ENGINES, from, i / T_ENGINES / T_STREAMS % 2 ? T_A_PIPE : T_A_UNIX,
		     i / T_ENGINES / T_STREAMS / 2 % 2, i / T_ENGINES / T_STREAMS / 4 ? ZS_NOSIGPIPE : 0);
	}
	return t_done();
}
