/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A few packets of one byte fill a pipe of 64 KiB by slots. The transfer waits for the pipe, although it holds
 * few bytes and the socket has more, and uses no CPU meanwhile. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define PACKETS 400

static int out_of_pipe;
static char got[PACKETS];

static void *read_late(void *argument)
{
	t_sleep_ms(150);
	for (size_t n = 0; n < PACKETS;) {
		ssize_t some = read(out_of_pipe, got + n, 5);

		MUST(some > 0);
		n += (size_t)some;
	}
	return argument;
}

int main(void)
{
	struct zs_result result = t_unwritten();
	int tcp[2], fds[2];
	pthread_t reader;
	int64_t cpu, first;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(fds) == 0);
	for (int i = 0; i < PACKETS; i++)
		MUST(send(tcp[0], &(char){ (char)i }, 1, 0) == 1);
	while (t_bytes_available(tcp[1]) < PACKETS)
		t_sleep_ms(1);
	t_nonblock(tcp[1], 1);

	first = zs_splice_full(tcp[1], NULL, fds[1], NULL, PACKETS, SPLICE_F_NONBLOCK, &result);
	if (first == PACKETS)
		t_skip("the kernel merges packets in a pipe here, as Linux 7.3 does");
	T_EQ(first, -1);
	T_EQ(errno, EAGAIN);
	first = (int64_t)result.bytes;
	MUST(first > 0 && first < PACKETS);
	OK(T_IS(result, .bytes = (uint64_t)first, .via = ZS_VIA_SPLICE, .error = EAGAIN));
	T_EQ(t_bytes_available(fds[0]), first);

	out_of_pipe = fds[0];
	t_nonblock(fds[1], 1);
	reader = t_thread(read_late, NULL);
	cpu = t_cpu_ms();
	T_EQ(zs_splice_full(tcp[1], NULL, fds[1], NULL, (uint64_t)(PACKETS - first), 0, &result), PACKETS -
	     first);
	OK(t_cpu_ms() - cpu < 100);
	OK(T_IS(result, .bytes = (uint64_t)(PACKETS - first), .via = ZS_VIA_SPLICE));
	t_join(reader);
	for (int i = 0; i < PACKETS; i++)
		T_EQ(got[i], (char)i);
	return t_done();
}
