/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file whose reads or writes always return EAGAIN although poll(2) reports it ready does not hold a copy
 * forever: the copy ends with the timeout or, without one, with EAGAIN. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

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

struct copy {
	long number;
	t_answer *answer;
	int64_t timeout;
	int error;
};

static void story(void *argument)
{
	const struct copy *copy = argument;
	int in = t_file(100), out = t_file(0);
	struct zs_result result = t_unwritten();
	int64_t began = t_now_ms(), moved;

	t_intercept(copy->number, copy->answer);
	moved = T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .timeout_ns = copy->timeout);
	if (!OK(copy->error ? moved == -1 && errno == copy->error : moved == 100))
		fprintf(stderr, "... call %s, timeout %lld\n", t_call_name(copy->number),
			(long long)copy->timeout);
	if (T_EQ(result.error, copy->error) && T_EQ(result.in_flight, 0))
		OK(t_now_ms() - began < 10000 * t_slower());
	OK(copy->error != ETIMEDOUT || result.side == ZS_SIDE_CALL);
	if (T_EQ(result.bytes, (uint64_t)t_position(in)))
		T_EQ(t_size(out), (int64_t)result.bytes);
}

int main(void)
{
	static struct copy copies[] = {
		{ SYS_read, declines, 0, EAGAIN },
		{ SYS_read, declines_slowly, T_MS(50), ETIMEDOUT },
		{ SYS_read, declines_twice, 0, 0 },
		{ SYS_write, declines, 0, EAGAIN },
		{ SYS_write, declines_slowly, T_MS(50), ETIMEDOUT },
		{ SYS_write, declines_twice, T_MS(5000), 0 },
	};

	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++)
		T_CHILD(story, &copies[i]);
	return t_done();
}
