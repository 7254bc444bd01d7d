/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The first output empties the pipe that all others are served from. When it dies while that is full of small pieces,
 * one to a slot, the others get every byte all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define PIECE 100
#define PIECES 256

static void *dies(void *argument)
{
	struct t_output *output = argument;

	t_sleep_ms(20);
	t_drain(output->far, PIECE / 2);
	MUST(close(output->far) == 0);
	return NULL;
}

static void *reads_later(void *argument)
{
	t_sleep_ms(40);
	return t_output_run(argument);
}

static void survived(void)
{
	static struct t_fan fan;
	char piece[PIECE];
	int in[2];

	MUST(pipe2(in, O_DIRECT) == 0 && fcntl(in[1], F_SETPIPE_SZ, PIECES * T_PAGE) == PIECES * T_PAGE);
	for (size_t i = 0; i < PIECES; i++) {
		t_pattern(piece, PIECE, i * PIECE);
		t_write(in[1], piece, PIECE);
	}
	MUST(close(in[1]) == 0);
	for (int i = 0; i < 4; i++) {
		struct t_output *output = t_fan_add(&fan, T_TO_PIPE, 0, -1);
		int size = i == 0 ? T_PAGE : T_PAGE * 32 << i; /* the first gets one piece, the others 64 and more */

		MUST(fcntl(fan.fds[i], F_SETPIPE_SZ, size) == size);
		output->pause_us = 0;
		output->reader = t_thread(i == 0 ? dies : reads_later, output);
	}
	if (!T_EQ(T_FANOUT(in[0], NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE,
		.avoid = ZS_VIA_READ_WRITE), PIECE * PIECES))
		fprintf(stderr, "... errno %s\n", t_errno_name(errno));
	t_join(fan.of[0].reader);
	MUST(close(fan.fds[0]) == 0 && close(in[0]) == 0);
	T_EQ(fan.results[0].error, EPIPE);
	/* A read takes all of a packet, so there is room for another one until the end is closed. */
	OK(fan.results[0].bytes == PIECE || fan.results[0].bytes == 2 * PIECE);
	for (size_t i = 1; i < 4; i++)
		OK(fan.results[i].error == 0 && t_fan_got(&fan, i) == PIECE * PIECES);
	fan.count = 0;
}

/* All others have all but the last byte, which finds no slot, when the first one dies. */
static void one_left(void)
{
	enum { BYTES = 64 };
	struct zs_result results[3];
	struct t_later reads[3];
	pthread_t threads[3];
	int in[2], fds[3][2], outs[3];
	char bytes[BYTES];

	MUST(pipe2(in, O_DIRECT) == 0 && fcntl(in[1], F_SETPIPE_SZ, BYTES * T_PAGE) == BYTES * T_PAGE);
	t_pattern(bytes, BYTES, 0);
	for (size_t i = 0; i < BYTES; i++)
		t_write(in[1], bytes + i, 1);
	MUST(close(in[1]) == 0);
	for (int i = 0; i < 3; i++) {
		int size = i == 0 ? T_PAGE : BYTES * T_PAGE;

		MUST(pipe(fds[i]) == 0 && fcntl(fds[i][1], F_SETPIPE_SZ, size) == size);
		outs[i] = fds[i][1];
		t_write(outs[i], "x", 1);
		reads[i] = (struct t_later){ .ms = i == 0 ? 20 : 60, .fd = fds[i][0], .drain = i > 0, .close = i == 0 };
		threads[i] = t_later(&reads[i]);
	}
	T_EQ(zs_fanout(in[0], NULL, outs, 3, ZS_TO_END, &(struct zs_options){ .avoid = ZS_VIA_READ_WRITE,
	     .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE }, results), BYTES);
	for (int i = 0; i < 3; i++)
		t_join(threads[i]);
	T_EQ(results[0].error, EPIPE);
	for (int i = 1; i < 3; i++) {
		T_EQ(results[i].bytes, BYTES);
		if (T_EQ(t_bytes_available(fds[i][0]), BYTES))
			OK(t_gives_pattern(fds[i][0], BYTES, 0));
		t_close2(fds[i]);
	}
	MUST(close(in[0]) == 0 && close(outs[0]) == 0);
}

int main(void)
{
	survived();
	one_left();
	return t_done();
}
