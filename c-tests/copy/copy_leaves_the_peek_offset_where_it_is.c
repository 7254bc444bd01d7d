/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SO_PEEK_OFF moves with a peek, and hides from a peek what lies before it. A copy with a time limit neither moves it
 * nor takes it for silence, also with an SO_RCVLOWAT that poll(2) waits for; and the end is an end. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void peeks(enum t_stream kind, int low_water)
{
	int in[2], out = t_file(0), offset = 5, least = 100;
	struct zs_result result = t_unwritten();
	socklen_t size = sizeof offset;

	t_stream(kind, in);
	MUST(write(in[1], "12345", 5) == 5);
	if (low_water)
		MUST(setsockopt(in[0], SOL_SOCKET, SO_RCVLOWAT, &least, sizeof least) == 0);
	/* TCP has it since Linux 6.9. */
	if (setsockopt(in[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) != 0)
		t_skip("no SO_PEEK_OFF");
	T_EQ(T_COPY(in[0], NULL, out, NULL, 5, &result, .timeout_ns = T_MS(5000)), 5);
	MUST(getsockopt(in[0], SOL_SOCKET, SO_PEEK_OFF, &offset, &size) == 0);
	/* The kernel itself moves it back by what has been read (unix(7)). */
	T_EQ(offset, 0);
	t_close2(in);
	MUST(close(out) == 0);
}

/* After the last byte splice(2) returns 0, which a peek proves. */
static void ends(enum t_stream kind)
{
	int in[2], out[2], offset = 5;

	t_stream(kind, in);
	MUST(pipe(out) == 0 && write(in[1], "12345", 5) == 5 && close(in[1]) == 0);
	MUST(setsockopt(in[0], SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0);
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 100, 0, NULL), 5);
	T_EQ(t_bytes_available(out[0]), 5);
	MUST(close(in[0]) == 0);
	t_close2(out);
}

int main(void)
{
	peeks(T_A_UNIX, 0);
	peeks(T_A_UNIX, 1);
	peeks(T_A_TCP, 0);
	peeks(T_A_TCP, 1);
	ends(T_A_UNIX);
	ends(T_A_TCP);
	return t_done();
}
