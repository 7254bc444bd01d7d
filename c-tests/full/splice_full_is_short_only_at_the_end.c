/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes trickle in, a few at a time, with pauses; the count is short only because the writer closes.
 * From a pipe, a pair of AF_UNIX sockets and a TCP connection. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void *trickle(void *argument)
{
	int fd = *(int *)argument;

	for (int i = 0; i < 5; i++) {
		t_write(fd, "tea", 3);
		t_sleep_ms(4);
	}
	t_write(fd, "!", 1);
	MUST(close(fd) == 0);
	return NULL;
}

static void trickled(int in, int from, uint64_t len, int64_t expected)
{
	struct zs_result result = t_unwritten();
	int out[2];
	char bytes[32];
	pthread_t writer;

	MUST(pipe(out) == 0);
	writer = t_thread(trickle, &from);
	T_EQ(zs_splice_full(in, NULL, out[1], NULL, len, 0, &result), expected);
	OK(T_IS(result, .bytes = (uint64_t)expected, .via = ZS_VIA_SPLICE));
	t_join(writer);
	T_EQ(t_bytes_available(out[0]), expected);
	T_EQ(read(out[0], bytes, sizeof bytes), expected);
	T_EQ(memcmp(bytes, "teateateateatea!", (size_t)expected), 0);
	MUST(close(in) == 0);
	t_close2(out);
}

int main(void)
{
	uint64_t lens[] = { ZS_TO_END, 100, 17, 16, 15 };
	int fds[2];

	for (int i = 0; i < 5; i++) {
		int64_t expected = lens[i] < 16 ? (int64_t)lens[i] : 16;

		MUST(pipe(fds) == 0);
		trickled(fds[0], fds[1], lens[i], expected);
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		trickled(fds[0], fds[1], lens[i], expected);
		t_tcp_pair(fds, 0, 0);
		trickled(fds[0], fds[1], lens[i], expected);
	}
	return t_done();
}
