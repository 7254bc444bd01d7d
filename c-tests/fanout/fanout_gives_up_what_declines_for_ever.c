/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An input whose reads always return EAGAIN although poll(2) reports it ready ends a fan-out with EAGAIN, or
 * with the timeout if that comes first. The same holds for writes to an output, and for an input that has to be
 * spliced. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 100000

static int64_t declines(const uint64_t *a, int earlier)
{
	(void)a;
	(void)earlier;
	return -EAGAIN;
}

static int64_t declines_slowly(const uint64_t *a, int earlier)
{
	t_sleep_ms(1);
	return declines(a, earlier);
}

static int64_t declines_twice(const uint64_t *a, int earlier)
{
	return earlier < 2 ? declines(a, earlier) : T_CONTINUE;
}

struct fan_out {
	long number;
	t_answer *answer;
	int64_t timeout;
	uint32_t avoid;
	int error;
};

static void story(void *argument)
{
	static struct t_fan fan;
	const struct fan_out *it = argument;
	struct t_source source;
	int64_t began = t_now_ms(), moved;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_intercept(it->number, it->answer);
	moved = T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = it->avoid, .timeout_ns = it->timeout);
	if (!OK(it->error ? moved == -1 && errno == it->error : moved == LEN))
		fprintf(stderr, "... call %s, timeout %lld: %lld, errno %s\n", t_call_name(it->number),
			(long long)it->timeout, (long long)moved, t_errno_name(errno));
	OK(t_now_ms() - began < 10000 * t_slower());
	for (size_t i = 0; i < 2; i++) {
		T_EQ(fan.results[i].bytes + fan.results[i].in_flight, (uint64_t)t_position(source.fd));
		T_EQ(t_size(fan.fds[i]), (int64_t)fan.results[i].bytes);
	}
}

int main(void)
{
	static struct fan_out fan_outs[] = {
		{ SYS_read, declines, 0, ZS_VIA_TEE, EAGAIN },
		{ SYS_read, declines_slowly, T_MS(50), ZS_VIA_TEE, ETIMEDOUT },
		{ SYS_read, declines_twice, 0, ZS_VIA_TEE, 0 },
		{ SYS_write, declines, 0, ZS_VIA_TEE, EAGAIN },
		{ SYS_write, declines_slowly, T_MS(50), ZS_VIA_TEE, ETIMEDOUT },
		{ SYS_write, declines_twice, T_MS(5000), ZS_VIA_TEE, 0 },
		{ SYS_splice, declines, 0, ZS_VIA_READ_WRITE, EAGAIN },
		{ SYS_splice, declines_slowly, T_MS(50), ZS_VIA_READ_WRITE, ETIMEDOUT },
		{ SYS_splice, declines_twice, 0, ZS_VIA_READ_WRITE, 0 },
	};

	for (size_t i = 0; i < sizeof fan_outs / sizeof *fan_outs; i++)
		T_CHILD(story, &fan_outs[i]);
	return t_done();
}
