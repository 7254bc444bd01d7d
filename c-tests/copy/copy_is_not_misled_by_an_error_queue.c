/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A message in the error queue of a socket, about a zero-copy send or a time stamp, does not disturb a copy
 * from or to it: the copy waits without using the CPU, notices its timeout, moves what comes later, and
 * meanwhile leaves the lock of an output pipe free. */
#include <zsplice.h>
#include "t.h"
#include "t_errqueue.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (1 << 20)
#define WAITS 250 /* ms */
#define MOST_CPU 160 /* ms; a wait that spins takes all there is */

struct look {
	int fd;
	int64_t took;
};

static void *looks(void *argument)
{
	struct look *look = argument;
	int64_t began;

	t_sleep_ms(30);
	began = t_now_ms();
	T_EQ(t_bytes_available(look->fd), 0);
	look->took = t_now_ms() - began;
	return NULL;
}

static void silent(enum t_notice notice, int nonblock, enum t_place to)
{
	struct zs_result result = t_unwritten();
	struct look look;
	pthread_t thread;
	int64_t cpu, began;
	int tcp[2], out[2];

	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	MUST(pipe(out) == 0);
	look.fd = out[0];
	thread = t_thread(looks, &look);
	if (to == T_AT_FILE)
		MUST(close(out[1]) == 0 && (out[1] = t_file(0)) >= 0);
	cpu = t_cpu_ms();
	began = t_now_ms();
	T_EQ(T_COPY(tcp[0], NULL, out[1], NULL, ZS_TO_END, &result, .timeout_ns = T_MS(WAITS)), -1);
	OK(errno == ETIMEDOUT && t_now_ms() - began < 5000 * t_slower() && t_cpu_ms() - cpu < MOST_CPU);
	T_EQ(result.bytes, 0);
	T_EQ(result.side, ZS_SIDE_CALL);
	t_join(thread);
	OK(look.took < WAITS - 80);
	t_close2(tcp);
	t_close2(out);
}

static void talks_later(enum t_notice notice, int nonblock, enum t_place to)
{
	struct t_later later = { .ms = WAITS, .write = "late", .close = 1 };
	struct zs_result result = t_unwritten();
	pthread_t thread;
	int tcp[2], out[2];
	char bytes[4];
	int64_t cpu;

	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		MUST(pipe(out) == 0);
	later.fd = tcp[1];
	cpu = t_cpu_ms();
	thread = t_thread(t_later_run, &later);
	if (!OK(zs_copy(tcp[0], NULL, out[1], NULL, ZS_TO_END, NULL, &result) == 4 && t_cpu_ms() - cpu < MOST_CPU))
		fprintf(stderr, "... notice %d nonblock %d to %s: errno %s\n", notice, nonblock,
			t_place_name(to), t_errno_name(errno));
	t_join(thread);
	MUST(to != T_AT_FILE || lseek(out[0], 0, SEEK_SET) == 0);
	OK(result.bytes == 4 && t_read(out[0], bytes, 4) == 4 && memcmp(bytes, "late", 4) == 0);
	MUST(close(tcp[0]) == 0 && close(out[0]) == 0 && (to == T_AT_FILE || close(out[1]) == 0));
}

static void full(enum t_notice notice, int nonblock, uint32_t avoid)
{
	struct zs_result result = t_unwritten();
	int tcp[2], in = t_file(LEN);
	int64_t cpu;

	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	cpu = t_cpu_ms();
	T_EQ(T_COPY(in, NULL, tcp[0], NULL, ZS_TO_END, &result, .avoid = avoid, .timeout_ns = T_MS(WAITS)), -1);
	OK(errno == ETIMEDOUT && t_cpu_ms() - cpu < MOST_CPU && result.bytes < LEN);
	OK(t_gives_pattern(tcp[1], result.bytes, 0));
	t_close2(tcp);
	MUST(close(in) == 0);
}

int main(void)
{
	for (int notice = 0; notice < T_NOTICES; notice++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			for (int to = T_AT_FILE; to <= T_AT_PIPE; to++) {
				silent((enum t_notice)notice, nonblock, (enum t_place)to);
				talks_later((enum t_notice)notice, nonblock, (enum t_place)to);
			}
			full((enum t_notice)notice, nonblock, 0);
			full((enum t_notice)notice, nonblock, T_ALL_VIA & ~ZS_VIA_READ_WRITE);
		}
	return t_done();
}
