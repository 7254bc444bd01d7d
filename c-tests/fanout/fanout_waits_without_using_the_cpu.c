/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* While an output takes nothing, or the input has nothing, no CPU is used, whatever the state of the other
 * descriptors. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void full(enum t_out kind, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	int64_t cpu = t_cpu_ms();

	t_scene("to a full %s, nonblock %d, flags %s", t_out_name(kind), nonblock, t_flag_words(flags));
	t_source(&source, T_FROM_FILE, 0, 4 << 20);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, kind, nonblock, -1);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	cpu = t_cpu_ms();
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags, .timeout_ns = T_MS(100)), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(t_cpu_ms() - cpu < 70);
	OK(fan.results[1].bytes < 4 << 20 && fan.results[0].bytes >= fan.results[1].bytes);
	for (size_t i = 0; i < 3; i++) {
		T_EQ(fan.results[i].error, ETIMEDOUT);
		T_EQ(fan.results[i].side, ZS_SIDE_CALL);
		T_EQ((int64_t)(fan.results[i].bytes + fan.results[i].in_flight), t_position(source.fd));
		T_EQ(t_fan_got(&fan, i), fan.results[i].bytes);
	}
	fan.count = 0;
	t_source_end(&source);
}

static void silent(enum t_stream kind, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	int64_t cpu;
	int in[2];

	t_scene("from a silent %s, nonblock %d, flags %s", t_stream_name(kind), nonblock, t_flag_words(flags));
	t_stream(kind, in);
	t_nonblock(in[0], nonblock);
	MUST(write(in[1], (char[]){ (char)t_pattern_at(0) }, 1) == 1);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_UNIX, nonblock, 0);
	cpu = t_cpu_ms();
	T_EQ(T_FANOUT(in[0], NULL, &fan, ZS_TO_END, .flags = flags, .timeout_ns = T_MS(120)), -1);
	if (T_EQ(errno, ETIMEDOUT))
		OK(t_cpu_ms() - cpu < 80);
	for (size_t i = 0; i < 2; i++) {
		T_EQ(fan.results[i].error, ETIMEDOUT);
		T_EQ(fan.results[i].in_flight, 0);
		if (T_EQ(fan.results[i].bytes, 1))
			T_EQ(t_fan_got(&fan, i), 1);
	}
	fan.count = 0;
	t_close2(in);
}

int main(void)
{
	for (int nonblock = 0; nonblock < 2; nonblock++)
		for (int stable = 0; stable < 2; stable++) {
			uint32_t flags = stable ? ZS_STABLE : 0;

			full(T_TO_PIPE, nonblock, flags);
			full(T_TO_UNIX, nonblock, flags);
			full(T_TO_TCP, nonblock, flags);
			silent(T_A_PIPE, nonblock, flags);
			silent(T_A_TCP, nonblock, flags);
			silent(T_A_PTY, nonblock, flags);
		}
	return t_done();
}
