/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_DROP_FAILED an output that fails is dropped. When none is left the call ends with the error of the
 * last one. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (6 << 20)

struct death {
	struct t_output *output;
	size_t after;
};

static void *dies(void *argument)
{
	struct death *death = argument;

	t_drain(death->output->far, death->after);
	MUST(close(death->output->far) == 0);
	return NULL;
}

/* Of four pipes, TCP and AF_UNIX sockets and /dev/full those in the set `dead` die. */
static void dropped(enum t_from from, unsigned int dead, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	struct death deaths[5];
	int64_t returned;

	t_source(&source, from, nonblock, LEN);
	for (size_t i = 0; i < 5; i++) {
		t_fan_add(&fan, i < 2 ? T_TO_PIPE : i == 2 ? T_TO_TCP : i == 3 ? T_TO_UNIX : T_TO_NULL, nonblock,
			  dead >> i & 1 ? -1 : 0);
		deaths[i] = (struct death){ &fan.of[i], 100000 + 700000 * i };
		if (i < 4 && dead >> i & 1)
			fan.of[i].reader = t_thread(dies, &deaths[i]);
	}
	if (dead >> 4 & 1) {
		MUST(close(fan.fds[4]) == 0);
		MUST((fan.fds[4] = open("/dev/full", O_WRONLY)) >= 0);
	}
	errno = 0;
	returned = T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags | ZS_NOSIGPIPE | ZS_DROP_FAILED);
	if (dead == 31) {
		if (T_EQ(returned, -1))
			OK((errno == EPIPE || errno == ECONNRESET));
		OK(from != T_FROM_FILE || t_position(source.fd) < LEN);
		(void)t_gives_pattern(source.fd, LEN, 0); /* lets its writer end */
	} else {
		T_EQ(returned, LEN);
		T_EQ(errno, 0);
	}
	for (size_t i = 0; i < 5; i++) {
		const struct zs_result *result = &fan.results[i];

		if (!(dead >> i & 1)) {
			T_EQ(result->error, 0);
			T_EQ(result->side, 0);
			T_EQ(result->bytes, LEN);
			T_EQ(result->in_flight, 0);
			T_EQ(t_fan_got(&fan, i), LEN);
			continue;
		}
		/* An output that dies while the input is silent is noticed then, with nothing in flight. */
		OK(result->side == ZS_SIDE_OUT && result->bytes < LEN);
		OK(result->error == (i == 4 ? ENOSPC : EPIPE) || (i == 2 && result->error == ECONNRESET) ||
		   (i == 3 && result->error == ECONNRESET));
		OK(i == 4 ? result->bytes == 0 : result->bytes >= deaths[i].after);
		if (i < 4)
			t_join(fan.of[i].reader);
		MUST(close(fan.fds[i]) == 0);
	}
	fan.count = 0;
	t_source_end(&source);
}

/* That is the last one to fail, not the last of the list. */
static void last(void)
{
	static struct t_fan fan;
	struct death death = { &fan.of[0], 3 << 20 };
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, -1)->reader = t_thread(dies, &death);
	MUST((fan.fds[fan.count++] = open("/dev/full", O_WRONLY)) >= 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = ZS_NOSIGPIPE | ZS_DROP_FAILED), -1);
	T_EQ(errno, EPIPE);
	T_EQ(fan.results[0].error, EPIPE);
	T_EQ(fan.results[1].error, ENOSPC);
	T_EQ(fan.results[0].bytes + fan.results[0].in_flight, (uint64_t)t_position(source.fd));
	t_join(fan.of[0].reader);
	MUST(close(fan.fds[0]) == 0 && close(fan.fds[1]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

int main(void)
{
	for (int stable = 0; stable < 2; stable++) {
		uint32_t flags = stable ? ZS_STABLE : 0;

		for (unsigned int dead = 1; dead < 32; dead = dead < 16 ? dead << 1 : dead == 16 ? 15 : dead * 2 + 1)
			dropped((enum t_from)(dead % T_FROMS), dead, stable, flags);
		dropped(T_FROM_PIPE, 7, !stable, flags);
		dropped(T_FROM_TCP, 24, !stable, flags);
	}
	last();
	return t_done();
}
