/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whatever is short - the copy's pipe smaller than the input's, the output's smaller, an output that
 * is a slow socket, readers and a writer of random sizes and speeds - both outputs get each byte
 * once, in order. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 400000

static unsigned int seed;

struct flow {
	int fd;
	unsigned int random;
	int slow;
};

static size_t some(unsigned int *random)
{
	static const size_t most[] = { 1, 7, 100, 4096, 5000, 20000 };

	*random = *random * 1103515245 + 12345;
	return 1 + (*random >> 8) % most[(*random >> 4) % 6];
}

static void *writes(void *argument)
{
	static char bytes[20000];
	struct flow *flow = argument;

	for (uint64_t at = 0; at < LEN;) {
		size_t n = some(&flow->random);

		n = n < LEN - at ? n : LEN - at;
		t_pattern(bytes, n, at);
		t_write(flow->fd, bytes, n);
		at += n;
	}
	MUST(close(flow->fd) == 0);
	return NULL;
}

static void *checks(void *argument)
{
	struct flow *flow = argument;
	char bytes[20000];

	for (uint64_t at = 0; at < LEN;) {
		ssize_t n = read(flow->fd, bytes, some(&flow->random));

		if (!OK(n > 0 && t_is_pattern(bytes, (size_t)n, at))) {
			fprintf(stderr, "... at byte %llu, seed %u\n", (unsigned long long)at, seed);
			_exit(1);
		}
		at += (uint64_t)n;
		if (flow->slow && flow->random % 32 == 0)
			t_sleep_ms(0);
	}
	return NULL;
}

static void play(int in_size, int copy_size, int out_size, int socket, int nonblock)
{
	struct zs_result result = t_unwritten();
	int in[2], copy[2], out[2];
	struct flow flows[3];
	pthread_t threads[3];

	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0);
	MUST(fcntl(in[1], F_SETPIPE_SZ, in_size) >= in_size);
	MUST(fcntl(copy[1], F_SETPIPE_SZ, copy_size) >= copy_size);
	MUST(fcntl(out[1], F_SETPIPE_SZ, out_size) >= out_size);
	if (socket) {
		int tcp[2];

		t_close2(out);
		t_tcp_pair(tcp, 4096, 4096);
		out[0] = tcp[1];
		out[1] = tcp[0];
	}
	t_nonblock(copy[1], nonblock & 1);
	t_nonblock(out[1], nonblock & 2);
	for (int i = 0; i < 3; i++)
		flows[i] = (struct flow){ i == 0 ? in[1] : i == 1 ? copy[0] : out[0], ++seed * 77777, i };
	threads[0] = t_thread(writes, &flows[0]);
	threads[1] = t_thread(checks, &flows[1]);
	threads[2] = t_thread(checks, &flows[2]);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], ZS_TO_END, 0, &result), LEN);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_TEE | ZS_VIA_SPLICE));
	for (int i = 0; i < 3; i++)
		t_join(threads[i]);
	if (T_EQ(t_bytes_available(copy[0]), 0))
		T_EQ(t_bytes_available(out[0]), 0);
	MUST(close(in[0]) == 0);
	t_close2(copy);
	t_close2(out);
}

int main(void)
{
	play(65536, 65536, 65536, 0, 0);
	play(65536, 4096, 65536, 0, 0);
	play(65536, 4096, 65536, 0, 3);
	play(65536, 65536, 4096, 0, 0);
	play(65536, 65536, 4096, 0, 3);
	play(4096, 65536, 65536, 0, 3);
	play(65536, 65536, 65536, 1, 0);
	play(65536, 4096, 65536, 1, 3);
	return t_done();
}
