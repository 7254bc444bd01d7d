/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_MORE a TCP socket holds the last packet back until more follows; without the flag it holds nothing. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int arrives_within(int fd, int ms)
{
	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, ms);
}

static void holds(enum t_place from, uint32_t avoid, size_t len)
{
	int tcp[2], in[2], fd, file = t_file(2 * len);
	char *bytes = malloc(2 * len);
	int64_t began;

	t_scene("from %s avoid %s len %zu", t_place_name(from), t_via_words(avoid), len);
	MUST(bytes != NULL);
	t_pattern(bytes, 2 * len, 0);
	t_tcp_pair(tcp, 0, 0);
	fd = file;
	if (from != T_AT_FILE) {
		t_stream((enum t_stream)(from - 1), in);
		fd = in[0];
		t_write(in[1], bytes, 2 * len);
	}
	/* The first half is held, or its last packet; the second half sends it. */
	began = t_now_ms();
	T_EQ(T_COPY(fd, NULL, tcp[0], NULL, len, NULL, .flags = ZS_MORE, .avoid = avoid), (int64_t)len);
	t_sleep_ms(20);
	/* After 200 ms the kernel sends it in any case. */
	OK(t_bytes_available(tcp[1]) < (int)len || t_now_ms() - began > 150);
	T_EQ(T_COPY(fd, NULL, tcp[0], NULL, len, NULL, .avoid = avoid), (int64_t)len);
	for (int i = 0; i < 100 * t_slower() && t_bytes_available(tcp[1]) < 2 * (int)len; i++)
		t_sleep_ms(1);
	T_EQ(t_bytes_available(tcp[1]), 2 * (int)len);
	OK(t_gives_pattern(tcp[1], 2 * len, 0));
	t_close2(tcp);
	if (from != T_AT_FILE)
		t_close2(in);
	MUST(close(file) == 0);
	free(bytes);
}

/* A request, an answer, a hundred times: nothing is held, or each would take 200 ms. */
static void ping_pong(enum t_place from)
{
	int tcp[2], in[2], fd = t_file(100);
	int64_t began = t_now_ms();

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(in) == 0);
	for (int i = 0; i < 100; i++) {
		MUST(from == T_AT_FILE || write(in[1], "question", 8) == 8);
		T_EQ(zs_copy(from == T_AT_FILE ? fd : in[0], from == T_AT_FILE ? &(int64_t){ 0 } : NULL, tcp[0],
		     NULL, 8, NULL, NULL), 8);
		T_EQ(arrives_within(tcp[1], 5000), 1);
		t_drain(tcp[1], 8);
	}
	OK(t_now_ms() - began < 2000 * t_slower());
	t_close2(tcp);
	t_close2(in);
	MUST(close(fd) == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, ZS_VIA_SPLICE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE,
					   ZS_VIA_READ_WRITE };

	for (int i = 0; i < 5; i++)
		for (int from = 0; from < T_PLACES; from++)
			for (size_t len = 100; len <= 20000; len += 19900)
				holds((enum t_place)from, avoids[i], len);
	ping_pong(T_AT_FILE);
	ping_pong(T_AT_PIPE);

	/* Other descriptors hold nothing. */
	{
		int in = t_file(100), out = t_file(0), into[2];

		MUST(pipe(into) == 0);
		T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, NULL, .flags = ZS_MORE), 100);
		T_EQ(T_COPY(in, &(int64_t){ 0 }, into[1], NULL, ZS_TO_END, NULL, .flags = ZS_MORE), 100);
		T_EQ(t_bytes_available(into[0]), 100);
	}
	return t_done();
}
