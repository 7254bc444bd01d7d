/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that is cancelled before or in the middle of a fan-out, wherever that waits, finishes it and gets its
 * results; it ends at the next cancellation point, and no descriptor is left. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int in[2], outs[2][2], is_early, returned;
static int64_t len;
static uint32_t avoid;

static void *fans_out(void *argument)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	struct zs_options options = { .avoid = avoid, .timeout_ns = T_MS(15000), .flags = ZS_NOSIGPIPE };
	int fds[2] = { outs[0][1], outs[1][1] };

	MUST(!is_early || pthread_cancel(pthread_self()) == 0);
	errno = 123;
	T_EQ(zs_fanout(in[0], NULL, fds, 2, (uint64_t)len, &options, results), len);
	T_EQ(errno, 123);
	T_EQ(results[0].bytes, (uint64_t)len);
	T_EQ(results[1].bytes, (uint64_t)len);
	T_EQ(results[0].error, 0);
	__atomic_store_n(&returned, 1, __ATOMIC_SEQ_CST);
	pthread_testcancel();
	__atomic_store_n(&returned, 2, __ATOMIC_SEQ_CST);
	return argument;
}

static void cancelled(enum t_stream from, enum t_stream to, int nonblock, int early)
{
	int open = t_open_descriptors();
	pthread_t thread;
	void *value;

	t_stream(from, in);
	t_stream(to, outs[0]);
	t_stream(T_A_PIPE, outs[1]);
	t_nonblock(in[0], nonblock);
	t_nonblock(outs[0][1], nonblock);
	is_early = early;
	len = 8;
	returned = 0;
	thread = t_thread(fans_out, NULL);
	MUST(write(in[1], "four", 4) == 4);
	MUST(poll(&(struct pollfd){ .fd = outs[0][0], .events = POLLIN }, 1, 2000) == 1);
	t_drain(outs[0][0], 4);
	MUST(early || pthread_cancel(thread) == 0);
	t_sleep_ms(1);
	T_EQ(__atomic_load_n(&returned, __ATOMIC_SEQ_CST), 0);
	MUST(write(in[1], "more", 4) == 4);
	MUST(pthread_join(thread, &value) == 0);
	if (!OK(value == PTHREAD_CANCELED && returned == 1))
		fprintf(stderr, "... from %s to %s nonblock %d early %d avoid %s\n", t_stream_name(from),
			t_stream_name(to), nonblock, early, t_via_words(avoid));
	else
		t_drain(outs[0][0], 4);
	T_EQ(t_bytes_available(outs[1][0]), 8);
	t_close2(in);
	t_close2(outs[0]);
	t_close2(outs[1]);
	T_EQ(t_open_descriptors(), open);
}

/* More, so that other mechanisms pay, into pipes that take it all. */
static void bulk(int from_file)
{
	static const char bytes[300000];
	pthread_t thread;
	void *value;

	for (int i = 0; i < 2; i++)
		MUST(pipe(outs[i]) == 0 && fcntl(outs[i][1], F_SETPIPE_SZ, 1 << 20) > 0);
	MUST(pipe(in) == 0 && fcntl(in[1], F_SETPIPE_SZ, 1 << 20) > 0);
	len = sizeof bytes;
	if (from_file) {
		MUST(close(in[0]) == 0);
		in[0] = t_file((size_t)len);
	} else {
		t_write(in[1], bytes, sizeof bytes);
	}
	is_early = 1;
	returned = 0;
	thread = t_thread(fans_out, NULL);
	MUST(pthread_join(thread, &value) == 0);
	OK(value == PTHREAD_CANCELED);
	T_EQ(returned, 1);
	if (T_EQ(t_bytes_available(outs[0][0]), len))
		T_EQ(t_bytes_available(outs[1][0]), len);
	t_close2(in);
	t_close2(outs[0]);
	t_close2(outs[1]);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_TEE, ZS_VIA_SPLICE | ZS_VIA_TEE };

	for (int from = 0; from < T_STREAMS; from++)
		for (int to = 0; to < T_STREAMS; to++)
			for (int i = 0; i < 6 && !t_failures; i++) {
				avoid = avoids[i >> 1];
				cancelled((enum t_stream)from, (enum t_stream)to, i & 1, 0);
				cancelled((enum t_stream)from, (enum t_stream)to, i & 1, 1);
			}
	for (int i = 0; i < 6; i++) {
		avoid = avoids[i >> 1];
		bulk(i & 1);
	}
	return t_done();
}
