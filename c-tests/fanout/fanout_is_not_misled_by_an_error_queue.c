/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A message in the error queue of a socket, about a zero-copy send or a time stamp, does not disturb a fan-out
 * from or to it: the fan-out waits without using the CPU, notices its timeout, and moves what comes later. */
#include <zsplice.h>
#include "t.h"
#include "t_errqueue.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (1 << 20)
#define WAITS 250 /* ms */
#define MOST_CPU 160 /* ms; a wait that spins takes all there is */

static void silent(enum t_notice notice, int nonblock)
{
	static struct t_fan fan;
	int64_t cpu;
	int tcp[2];

	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, nonblock, 0);
	cpu = t_cpu_ms();
	T_EQ(T_FANOUT(tcp[0], NULL, &fan, ZS_TO_END, .timeout_ns = T_MS(WAITS)), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(t_cpu_ms() - cpu < MOST_CPU);
	OK(fan.results[0].bytes == 0 && t_fan_got(&fan, 0) == 0 && t_fan_got(&fan, 1) == 0);
	fan.count = 0;
	t_close2(tcp);
}

static void talks_later(enum t_notice notice, int nonblock)
{
	static struct t_fan fan;
	char word[5] = "";
	struct t_later later = { .ms = WAITS, .write = word, .close = 1 };
	int64_t cpu;
	pthread_t thread;
	int tcp[2];

	t_pattern(word, 4, 0);
	MUST(strlen(word) == 4);
	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, nonblock, 0);
	later.fd = tcp[1];
	cpu = t_cpu_ms();
	thread = t_thread(t_later_run, &later);
	if (T_EQ(T_FANOUT(tcp[0], NULL, &fan, ZS_TO_END, .timeout_ns = T_MS(5000)), 4))
		OK(t_cpu_ms() - cpu < MOST_CPU);
	OK(t_fan_whole(&fan, 4));
	t_join(thread);
	MUST(close(tcp[0]) == 0);
}

static void *reads_later(void *argument)
{
	t_sleep_ms(60);
	return t_output_run(argument);
}

/* The output is full, forever or for a while. */
static void full(enum t_notice notice, int nonblock, int for_good, uint32_t avoid)
{
	static struct t_fan fan;
	struct t_source source;
	int64_t cpu;
	int tcp[2];

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_tcp_pair_with_error_queue(tcp, notice);
	t_nonblock(tcp[0], nonblock);
	fan.of[0] = (struct t_output){ .kind = T_TO_TCP, .far = tcp[1], .right = 1, .pause_us = for_good ? -1 : 0 };
	fan.fds[0] = tcp[0];
	fan.count = 1;
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	cpu = t_cpu_ms();
	if (for_good) {
		T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = avoid, .timeout_ns = T_MS(WAITS)), -1);
		if (T_EQ(errno, ETIMEDOUT))
			OK(t_cpu_ms() - cpu < MOST_CPU);
		OK(fan.results[0].bytes < LEN && t_fan_got(&fan, 0) == fan.results[0].bytes);
		MUST(close(fan.fds[1]) == 0);
		fan.count = 0;
	} else {
		fan.of[0].reader = t_thread(reads_later, &fan.of[0]);
		T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = avoid, .timeout_ns = T_MS(10000)),
		     LEN);
		OK(t_fan_whole(&fan, LEN));
	}
	t_source_end(&source);
}

int main(void)
{
	for (int notice = 0; notice < T_NOTICES; notice++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			silent((enum t_notice)notice, nonblock);
			talks_later((enum t_notice)notice, nonblock);
			for (int for_good = 0; for_good < 2; for_good++) {
				full((enum t_notice)notice, nonblock, for_good, 0);
				full((enum t_notice)notice, nonblock, for_good, ZS_VIA_TEE);
			}
		}
	return t_done();
}
