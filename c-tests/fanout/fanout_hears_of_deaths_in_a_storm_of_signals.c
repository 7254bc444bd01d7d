/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The readers of full outputs close one after the other, while signals interrupt every wait: each failure is
 * noticed, not only the first. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_setup.h"
#include "t_fanout.h"

static void *kills(void *argument)
{
	struct t_fan *fan = argument;

	for (size_t i = 0; i < fan->count; i++) {
		usleep(50000);
		MUST(close(fan->of[i].far) == 0);
	}
	return NULL;
}

int main(void)
{
	static struct t_fan fan;
	pthread_t killer;
	int in[2];
	int64_t began;

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && pipe(in) == 0);
	t_write(in[1], "hello", 5);
	MUST(close(in[1]) == 0);
	for (int i = 0; i < 3; i++) {
		struct t_output *output = t_fan_add(&fan, T_TO_PIPE, 0, -1);

		(void)t_fill_stream(T_A_PIPE, (int[2]){ output->far, fan.fds[i] });
	}
	killer = t_thread(kills, &fan);
	t_signal_storm(2000);
	began = t_now_ms();
	T_EQ(T_FANOUT(in[0], NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED, .timeout_ns = T_MS(5000)), -1);
	if (T_EQ(errno, EPIPE))
		OK(t_now_ms() - began < 2000 * t_slower());
	for (int i = 0; i < 3; i++)
		OK(T_IS(fan.results[i], .index = (uint32_t)i, .in_flight = 5, .error = EPIPE, .side = ZS_SIDE_OUT));
	t_signal_storm(0);
	t_join(killer);
	return t_done();
}
