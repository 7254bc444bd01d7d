/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* RLIMIT_NOFILE may be lower than the number of outputs, as in sandboxes. poll(2) takes no more entries than
 * that limit, and yet all outputs are served. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 500000
#define OUTS 40

static void lowered(void *argument)
{
	static struct t_fan fan;
	rlim_t limit = *(rlim_t *)argument;
	struct t_source source;
	struct rlimit before, lower;
	int cancel[2];

	MUST(pipe(cancel) == 0);
	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < OUTS; i++)
		t_fan_add(&fan, i % 2 ? T_TO_PIPE : T_TO_UNIX, i % 4 < 2, 1000);
	MUST(getrlimit(RLIMIT_NOFILE, &before) == 0);
	lower = before;
	lower.rlim_cur = limit;
	MUST(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	if (!T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .timeout_ns = T_MS(15000), .cancel_fd = cancel[0],
		.flags = limit > 1 ? ZS_CANCEL_FD : 0), LEN))
		fprintf(stderr, "... limit %d: errno %s\n", (int)limit, t_errno_name(errno));
	MUST(setrlimit(RLIMIT_NOFILE, &before) == 0);
	OK(t_fan_whole(&fan, LEN));
}

/* Reads the first half once the last output has got a good deal. */
static void *follow(void *argument)
{
	struct t_fan *fan = argument;

	while (__atomic_load_n(&fan->of[19].got, __ATOMIC_RELAXED) < 60000)
		t_sleep_ms(1);
	for (size_t i = 0; i < 19; i++)
		fan->of[i].pause_us = 0;
	for (size_t i = 0; i < 19; i++)
		fan->of[i].reader = t_thread(t_output_run, &fan->of[i]);
	return NULL;
}

/* Some readers wait for what others receive, so each output has to be polled. */
static void in_turn(void *argument)
{
	static struct t_fan fan;
	struct t_source source;
	struct rlimit limit;
	pthread_t reader;

	(void)argument;
	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < 20; i++)
		t_fan_add(&fan, T_TO_PIPE, 0, i < 19 ? -1 : 0);
	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 16;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	reader = t_thread(follow, &fan);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = ZS_VIA_TEE, .timeout_ns = T_MS(10000)), LEN);
	t_join(reader);
	OK(t_fan_whole(&fan, LEN));
}

int main(void)
{
	static rlim_t limits[] = { 1, 2, 30, 40 };

	for (int i = 0; i < 4; i++)
		T_CHILD(lowered, &limits[i]);
	T_CHILD(in_turn, NULL);
	return t_done();
}
