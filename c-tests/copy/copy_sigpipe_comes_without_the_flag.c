/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Without ZS_NOSIGPIPE an output that nobody reads is EPIPE and the signal, as from the kernel, whichever
 * mechanism finds out. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void died(enum t_place from, enum t_stream to, uint32_t avoid)
{
	struct zs_result result = t_unwritten();
	int out[2], in[2] = { -1, -1 }, fd, signals = t_signals;

	t_stream(to, out);
	if (from == T_AT_FILE) {
		fd = t_file(1 << 20);
	} else {
		t_stream((enum t_stream)(from - 1), in);
		fd = in[0];
		MUST(write(in[1], "some bytes", 10) == 10);
	}
	MUST(close(out[0]) == 0);
	T_EQ(T_COPY(fd, NULL, out[1], NULL, ZS_TO_END, &result, .avoid = avoid), -1);
	T_EQ(errno, EPIPE);
	T_EQ(result.error, EPIPE);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.bytes, 0);
	T_EQ(t_signals, signals + 1);
	MUST(close(out[1]) == 0 && close(fd) == 0 && (in[1] < 0 || close(in[1]) == 0));
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, T_ALL_VIA & ~ZS_VIA_READ_WRITE };
	struct sigaction action = { .sa_handler = t_count_signal };

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	for (int from = 0; from < T_PLACES; from++)
		for (int to = T_A_PIPE; to <= T_A_UNIX; to++)
			for (int i = 0; i < 3; i++)
				died((enum t_place)from, (enum t_stream)to, avoids[i]);
	return t_done();
}
