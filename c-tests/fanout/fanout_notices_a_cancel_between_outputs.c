/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A cancel that comes while one of many outputs is written to is noticed before the next output, not only after
 * the whole round. So is the deadline where the round is long; one step after it may move what is ready. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (2 << 20)
#define OUTS 64

static int told;

static int cancels(void *context, const struct zs_result *so_far)
{
	(void)so_far;
	if (told++ == 0)
		t_write(*(int *)context, "!", 1);
	return 0;
}

static void cancelled(uint32_t avoid)
{
	static struct t_fan fan;
	struct t_source source;
	int cancel[2], served = 0;

	MUST(pipe(cancel) == 0);
	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < OUTS; i++)
		t_fan_add(&fan, T_TO_FILE, 0, 0);
	told = 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = avoid, .flags = ZS_CANCEL_FD,
	     .cancel_fd = cancel[0], .progress = cancels, .context = &cancel[1]), -1);
	T_EQ(errno, ECANCELED);
	T_EQ(told, 1);
	for (size_t i = 0; i < OUTS; i++) {
		const struct zs_result *result = &fan.results[i];

		served += result->bytes > 0;
		T_EQ(result->error, ECANCELED);
		T_EQ(result->side, ZS_SIDE_CALL);
		T_EQ((int64_t)(result->bytes + result->in_flight), t_position(source.fd));
		T_EQ(t_fan_got(&fan, i), result->bytes);
	}
	T_EQ(served, 1);
	fan.count = 0;
	t_close2(cancel);
	t_source_end(&source);
}

static int takes_long(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	told++;
	t_sleep_ms(60);
	return 0;
}

static void timed_out(uint32_t avoid)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < OUTS; i++)
		t_fan_add(&fan, T_TO_FILE, 0, 0);
	told = 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = avoid, .timeout_ns = T_MS(50),
	     .progress = takes_long), -1);
	T_EQ(errno, ETIMEDOUT);
	OK(told == 1 || told == 2);
	for (size_t i = 0; i < OUTS; i++) {
		const struct zs_result *result = &fan.results[i];

		T_EQ(result->error, ETIMEDOUT);
		T_EQ((int64_t)(result->bytes + result->in_flight), t_position(source.fd));
		T_EQ(t_fan_got(&fan, i), result->bytes);
	}
	fan.count = 0;
	t_source_end(&source);
}

int main(void)
{
	timed_out(0);
	timed_out(ZS_VIA_TEE);
	cancelled(0);
	cancelled(ZS_VIA_TEE);
	return t_done();
}
