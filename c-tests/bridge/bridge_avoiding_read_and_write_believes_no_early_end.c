/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Without read and write, splice(2) returns 0 for the end, and a check confirms it. Bytes that arrive between
 * the two are not taken for the end, and none is left behind. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"

struct trickle {
	int from, to;
	size_t len, got;
	unsigned int pause;
	int ends;
};

/* One byte after the other, at several speeds. */
static void *writes(void *argument)
{
	struct trickle *it = argument;

	for (size_t at = 0; at < it->len; at++) {
		unsigned char byte = t_pattern_at(at);

		if (write(it->from, &byte, 1) != 1)
			return NULL;
		for (volatile unsigned int i = 0; i < at * 7919 % it->pause; i++)
			;
	}
	if (it->ends)
		MUST(shutdown(it->from, SHUT_WR) == 0);
	return NULL;
}

static void *reads(void *argument)
{
	struct trickle *it = argument;
	static __thread char bytes[65536];
	ssize_t n;

	while (it->got < it->len && (n = read(it->to, bytes, sizeof bytes)) > 0) {
		OK(t_is_pattern(bytes, (size_t)n, it->got));
		it->got += (size_t)n;
	}
	(void)shutdown(it->to, SHUT_WR);
	return NULL;
}

/* A byte arrives right after splice(2) has found none. */
static struct trickle *late;
static int late_to;
/* Atomic, since TSan does not see that the bridge waits for the thread that answers its system calls. */
static size_t late_given;

static int64_t comes_late(const uint64_t *args, int earlier)
{
	static size_t asked;
	size_t given = late_given;
	unsigned char byte = t_pattern_at(given);

	(void)earlier;
	if ((int)args[0] != late_to || asked++ % 2 || given == late->len)
		return T_CONTINUE;
	MUST(write(late->from, &byte, 1) == 1);
	if (++given == late->len && late->ends)
		MUST(shutdown(late->from, SHUT_WR) == 0);
	__atomic_store_n(&late_given, given, __ATOMIC_RELEASE);
	return -EAGAIN;
}

static void trickles(enum t_stream in, size_t len, unsigned int pause, int is_late)
{
	struct trickle it = { .len = len, .pause = pause, .ends = in != T_A_PTY };
	struct zs_options options = { .avoid = ZS_VIA_READ_WRITE, .timeout_ns = T_MS(10000) * t_slower(),
				      .flags = in == T_A_PTY ? ZS_EITHER_END : 0 };
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int a[2], b[2], returned;
	pthread_t threads[2];

	t_stream(in, a);
	t_stream(T_A_UNIX, b);
	it.from = a[1];
	it.to = b[1];
	threads[1] = t_thread(reads, &it);
	if (is_late) {
		t_nonblock(late_to = a[0], 1);
		late = &it;
		t_intercept(SYS_splice, comes_late);
	} else {
		threads[0] = t_thread(writes, &it);
	}
	errno = 0;
	returned = zs_bridge(a[0], a[0], b[0], b[0], &options, results);
	if (!OK(returned == 0 && errno == 0) | !OK(results[0].bytes == len && results[0].in_flight == 0))
		fprintf(stderr, "... in %s: %d, %zu of %zu bytes\n", t_stream_name(in), returned,
			(size_t)results[0].bytes, len);
	T_EQ(results[0].via, ZS_VIA_SPLICE);
	T_EQ(results[0].copied, 0);
	MUST(close(a[0]) == 0 && close(b[0]) == 0);
	if (is_late)
		T_EQ(__atomic_load_n(&late_given, __ATOMIC_ACQUIRE), len);
	else
		t_join(threads[0]);
	t_join(threads[1]);
	T_EQ(it.got, len);
	MUST(close(a[1]) == 0 && close(b[1]) == 0);
}

static void surely(void *argument)
{
	trickles(*(enum t_stream *)argument, 100, 1, 1);
}

int main(void)
{
	static enum t_stream kinds[] = { T_A_UNIX, T_A_TCP, T_A_PTY };

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 3; i++)
		T_CHILD(surely, &kinds[i]);
	for (int i = 0; i < 2; i++) {
		trickles(T_A_UNIX, 60000, 400, 0);
		trickles(T_A_TCP, 30000, 800, 0);
		trickles(T_A_PTY, 30000, 3000, 0);
	}
	return t_done();
}
