/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* idle_ns limits how long nothing moves: a copy that gets a byte now and then continues, however long it takes;
 * one that gets none ends with ETIMEDOUT, whatever it waits for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_blocked.h"

static struct t_blocked_all all;

static int late(void)
{
	t_blocked_start(&all, (struct zs_options){ .idle_ns = T_MS(T_BLOCKED_MS) }, 1);
	t_blocked_join(&all);
	/* TCP may take a few last bytes after 40 ms, which starts the idle time again. */
	return t_blocked_check(&all, ETIMEDOUT, 0, T_BLOCKED_MS, T_BLOCKED_MS + 250);
}

static void *trickle(void *argument)
{
	int *fd = argument;

	for (int i = 0; i < 10; i++) {
		t_sleep_ms(300);
		t_write(*fd, "drip", 4);
	}
	MUST(close(*fd) == 0);
	return NULL;
}

static void goes_on(void)
{
	struct zs_result result;
	int in[2], out[2];
	pthread_t thread;

	MUST(pipe(in) == 0 && pipe(out) == 0);
	thread = t_thread(trickle, &in[1]);
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, ZS_TO_END, &result, .idle_ns = T_MS(2500)), 40);
	T_EQ(result.bytes, 40);
	T_EQ(result.error, 0);
	t_join(thread);
}

/* The earlier of the two limits counts. */
static void the_nearer(void)
{
	int in[2], out[2];
	int64_t began = t_now_ms();

	MUST(pipe(in) == 0 && pipe(out) == 0);
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, 1, NULL, .idle_ns = T_MS(50), .timeout_ns = INT64_MAX), -1);
	T_EQ(errno, ETIMEDOUT);
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, 1, NULL, .idle_ns = INT64_MAX, .timeout_ns = T_MS(50)), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(t_now_ms() - began < 5000 * t_slower());
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	T_IN_TIME(late());
	goes_on();
	the_nearer();
	return t_done();
}
