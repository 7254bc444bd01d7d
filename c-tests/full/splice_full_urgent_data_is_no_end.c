/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) never gets past a TCP urgent mark: it returns 0 there on a blocking socket, and always EAGAIN on a
 * non-blocking one. Neither is the end of the stream, and neither may spin or hang: the outcome is EAGAIN. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void mark(int nonblock, const char *after)
{
	struct zs_result result = t_unwritten();
	int tcp[2], out[2];
	char bytes[16];
	int64_t cpu;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(out) == 0);
	MUST(send(tcp[0], "abc", 3, 0) == 3 && send(tcp[0], "!", 1, MSG_OOB) == 1);
	if (*after)
		MUST(send(tcp[0], after, strlen(after), 0) == (ssize_t)strlen(after));
	while (t_bytes_available(tcp[1]) < 3)
		t_sleep_ms(1);
	t_sleep_ms(5);
	t_nonblock(tcp[1], nonblock);

	if (!nonblock) /* however long the peer is silent */
		T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, 3, 0, NULL), 3);
	if (nonblock && !*after)
		goto out; /* nothing is there after the mark: that is waited for */
	cpu = t_cpu_ms();
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, ZS_TO_END, 0, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(t_cpu_ms() - cpu < 500);
	OK(result.error == EAGAIN && result.bytes == (nonblock ? 3 : 0) && result.in_flight == 0);
	T_EQ(result.via, nonblock ? ZS_VIA_SPLICE : 0);
	OK(nonblock || result.side == ZS_SIDE_IN);
	if (T_EQ(t_bytes_available(out[0]), 3))
		T_EQ(read(out[0], bytes, sizeof bytes), 3);
	T_EQ(memcmp(bytes, "abc", 3), 0);

	/* Nothing is lost: recv(2) gets past the mark. */
	if (*after) {
		T_EQ(recv(tcp[1], bytes, sizeof bytes, 0), (ssize_t)strlen(after));
		T_EQ(memcmp(bytes, after, strlen(after)), 0);
	}
out:
	t_close2(tcp);
	t_close2(out);
}

/* The mark is the last byte, and the peer has closed: that is the end. */
static void mark_then_end(void)
{
	struct zs_result result = t_unwritten();
	int tcp[2], out[2];

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(out) == 0);
	MUST(send(tcp[0], "abc", 3, 0) == 3 && send(tcp[0], "!", 1, MSG_OOB) == 1);
	MUST(shutdown(tcp[0], SHUT_WR) == 0);
	t_sleep_ms(20);
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, ZS_TO_END, 0, &result), 3);
	OK(T_IS(result, .bytes = 3, .via = ZS_VIA_SPLICE));
}

int main(void)
{
	mark(0, "defg");
	mark(1, "defg");
	mark(0, "");
	mark_then_end();
	return t_done();
}
