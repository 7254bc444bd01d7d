/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A connection that the peer has reset is an error of the input, after the bytes that came before the reset, or
 * of the output, if that is the connection. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void reset(int fd)
{
	t_reset(fd);
}

static void *resets_later(void *argument)
{
	t_sleep_ms(20);
	reset(*(int *)argument);
	return NULL;
}

/* Once something has come. */
static void *resets_after_bytes(void *argument)
{
	struct pollfd in = { .fd = *(int *)argument, .events = POLLIN };

	MUST(poll(&in, 1, 10000) == 1);
	return resets_later(argument);
}

static void input(enum t_place to, int nonblock, uint32_t avoid)
{
	struct zs_result result;
	char bytes[16];
	int tcp[2], out[2];
	pthread_t thread;

	t_tcp_pair(tcp, 0, 0);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	t_nonblock(tcp[1], nonblock);
	MUST(write(tcp[0], "four", 4) == 4);
	thread = t_thread(resets_later, &tcp[0]);
	T_EQ(T_COPY(tcp[1], NULL, out[1], NULL, ZS_TO_END, &result, .avoid = avoid), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(result.error, ECONNRESET);
	T_EQ(result.bytes, 4);
	T_EQ(result.in_flight, 0);
	if (!OK(result.side == ZS_SIDE_IN || (to == T_AT_TCP && result.side == 0)))
		fprintf(stderr, "... to %s nonblock %d avoid %s: side %s\n", t_place_name(to), nonblock,
			t_via_words(avoid), t_side_word(result.side));
	t_join(thread);
	MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
	if (T_EQ(t_read(out[0], bytes, 4), 4))
		T_EQ(memcmp(bytes, "four", 4), 0);
	MUST(close(tcp[1]) == 0 && close(out[0]) == 0 && (to == T_AT_FILE || close(out[1]) == 0));
}

static void output(enum t_place from, uint32_t avoid)
{
	struct zs_result result;
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	int tcp[2];
	pthread_t thread;

	t_tcp_pair(tcp, 8192, 8192);
	thread = t_thread(resets_after_bytes, &tcp[1]);
	T_EQ(T_COPY(pair->in, NULL, tcp[0], NULL, ZS_TO_END, &result, .avoid = avoid, .flags = ZS_NOSIGPIPE),
	     -1);
	OK(errno == ECONNRESET || errno == EPIPE);
	T_EQ(result.error, errno);
	OK(result.bytes > 0);
	OK(result.side == ZS_SIDE_OUT || (from == T_AT_TCP && result.side == 0));
	t_join(thread);
	if (from != T_AT_FILE)
		OK(t_gives_pattern(pair->in, T_PAIR_LEN - result.bytes - result.in_flight,
				   result.bytes + result.in_flight));
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
	MUST(close(tcp[0]) == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };

	for (int i = 0; i < 3; i++) {
		for (int to = 0; to < T_PLACES; to++)
			for (int nonblock = 0; nonblock < 2; nonblock++)
				input((enum t_place)to, nonblock, avoids[i]);
		for (int from = 0; from < T_PLACES; from++)
			output((enum t_place)from, avoids[i]);
	}
	return t_done();
}
