/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that takes nothing from pipes (O_APPEND) or nothing at all (/dev/full, dropped) does not make the
 * others get copies: their bytes do not pass through user memory, except in the round in which the refusal is
 * met. The error of a dropped output stays in its result when the call is ended later. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (4 << 20)

static void beside(enum t_out others, size_t where, int is_full)
{
	static struct t_fan fan;
	struct t_source source;
	/* The refusal of the first output is met in the middle of a round. */
	size_t most = where == 0 ? 1 << 20 : 0;

	t_source(&source, T_FROM_FILE, 0, LEN);
	for (size_t i = 0; i < 3; i++)
		t_fan_add(&fan, i != where ? others : is_full ? T_TO_NULL : T_TO_APPEND, 0, 0);
	if (is_full)
		MUST(close(fan.fds[where]) == 0 && (fan.fds[where] = open("/dev/full", O_WRONLY)) >= 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED), LEN);
	for (size_t i = 0; i < 3; i++) {
		const struct zs_result *result = &fan.results[i];

		if (i != where) {
			if (!OK(result->copied <= most))
				fprintf(stderr, "... to %s, %zu, full %d: copied %llu\n", t_out_name(others),
					where, is_full, (unsigned long long)result->copied);
			if (T_EQ(result->bytes, LEN) && T_EQ(result->error, 0))
				T_EQ(t_fan_got(&fan, i), LEN);
			continue;
		}
		T_EQ(result->error, is_full ? ENOSPC : 0);
		T_EQ(result->bytes, is_full ? 0 : LEN);
		OK(!is_full || result->side == ZS_SIDE_OUT);
		OK(is_full ? close(fan.fds[i]) == 0 : t_fan_got(&fan, i) == LEN);
	}
	fan.count = 0;
	t_source_end(&source);
}

/* Nobody reads the pipe, nobody can read the other one. */
static void given_up(void)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < 3; i++)
		t_fan_add(&fan, i == 0 ? T_TO_NULL : T_TO_PIPE, 0, -1);
	MUST(close(fan.fds[0]) == 0 && (fan.fds[0] = open("/dev/full", O_WRONLY)) >= 0);
	MUST(close(fan.of[2].far) == 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE,
	     .timeout_ns = T_MS(500)), -1);
	T_EQ(errno, ETIMEDOUT);
	T_EQ(fan.results[0].error, ENOSPC);
	T_EQ(fan.results[0].side, ZS_SIDE_OUT);
	T_EQ(fan.results[0].bytes, 0);
	T_EQ(fan.results[1].error, ETIMEDOUT);
	T_EQ(fan.results[1].side, ZS_SIDE_CALL);
	T_EQ(fan.results[2].error, EPIPE);
	T_EQ(fan.results[2].side, ZS_SIDE_OUT);
	T_EQ(fan.results[2].bytes, 0);
	T_EQ((int64_t)(fan.results[1].bytes + fan.results[1].in_flight), t_position(source.fd));
	T_EQ(t_fan_got(&fan, 1), fan.results[1].bytes);
	MUST(close(fan.fds[0]) == 0 && close(fan.fds[2]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

int main(void)
{
	static const enum t_out others[] = { T_TO_PIPE, T_TO_UNIX, T_TO_TCP, T_TO_FILE };

	for (size_t where = 0; where < 3; where++)
		for (int is_full = 0; is_full < 2; is_full++)
			for (int i = 0; i < 4; i++)
				beside(others[i], where, is_full);
	given_up();
	return t_done();
}
