/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A timeout, an idle timeout, a cancel and a callback that returns nonzero end the call at once, whichever output
 * it waits for, and all results have the error. With ZS_INTERRUPT so does a signal. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (4 << 20)

static struct zs_options with;
static int64_t told;

static int enough(void *context, const struct zs_result *so_far)
{
	T_EQ(so_far->error, 0);
	OK(so_far->bytes > 0);
	told++;
	return context && so_far->bytes >= *(uint64_t *)context;
}

/* Waits for the output `slow`, which takes nothing; -1: for the input. */
static void ended(int slow, int nonblock, int error, int64_t after)
{
	static struct t_fan fan;
	struct t_source source = { .far = -1 };
	int in[2] = { -1, -1 };
	int64_t began;

	if (slow < 0) {
		t_stream(T_A_TCP, in);
		MUST(write(in[1], (char[]){ (char)t_pattern_at(0) }, 1) == 1);
		source.fd = in[0];
	} else {
		t_source(&source, T_FROM_FILE, 0, LEN);
	}
	t_fan_add(&fan, T_TO_PIPE, nonblock, slow == 0 ? -1 : 0);
	t_fan_add(&fan, T_TO_TCP, nonblock, slow == 1 ? -1 : 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_UNIX, nonblock, slow == 3 ? -1 : 0);
	began = t_now_ms();
	T_EQ(zs_fanout(source.fd, NULL, fan.fds, 4, ZS_TO_END, &with, fan.results), -1);
	T_EQ(errno, error);
	if (after >= 0 && !OK(t_now_ms() - began < after + 3000 * t_slower()))
		fprintf(stderr, "... error %s: %lld ms\n", t_errno_name(error),
			(long long)(t_now_ms() - began));
	for (size_t i = 0; i < 4; i++) {
		T_EQ(fan.results[i].error, error);
		T_EQ(fan.results[i].side, ZS_SIDE_CALL);
		if (slow >= 0)
			T_EQ((int64_t)(fan.results[i].bytes + fan.results[i].in_flight), t_position(source.fd));
		else
			OK(fan.results[i].bytes <= 1 && fan.results[i].in_flight == 0);
		T_EQ(t_fan_got(&fan, i), fan.results[i].bytes);
	}
	fan.count = 0;
	MUST(in[1] < 0 || close(in[1]) == 0);
	t_source_end(&source);
}

static void all(int slow)
{
	uint64_t most = 100000;
	struct t_later later = { .ms = 40, .write = "!" };
	pthread_t thread;
	int cancel[2];

	MUST(pipe(cancel) == 0);
	with = (struct zs_options){ .timeout_ns = T_MS(40) };
	ended(slow, slow & 1, ETIMEDOUT, 40);
	with = (struct zs_options){ .idle_ns = T_MS(40), .timeout_ns = T_MS(10000) };
	ended(slow, !(slow & 1), ETIMEDOUT, -1);
	with = (struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = cancel[0] };
	later.fd = cancel[1];
	thread = t_later(&later);
	ended(slow, slow & 1, ECANCELED, 40);
	t_join(thread);
	with.flags |= ZS_STABLE;
	ended(slow, slow & 1, ECANCELED, 0);
	if (slow >= 0) {
		with = (struct zs_options){ .progress = enough, .context = &most };
		ended(slow, 1, ECANCELED, -1);
	}
	with = (struct zs_options){ .flags = ZS_INTERRUPT };
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 40000 }, { 0, 40000 } }, NULL) == 0);
	ended(slow, 1, EINTR, 40);
	with = (struct zs_options){ .timeout_ns = T_MS(100) };
	ended(slow, 1, ETIMEDOUT, 100);
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL) == 0);
	t_close2(cancel);
}

int main(void)
{
	static struct t_fan fan;
	struct sigaction action = { .sa_handler = t_count_signal };
	struct t_source source;

	MUST(sigaction(SIGALRM, &action, NULL) == 0);
	for (int slow = -1; slow < 4; slow++)
		if (slow != 2)
			all(slow);
	OK(t_signals > 0);
	told = 0;
	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .progress = enough), LEN);
	OK(told > 1);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
	return t_done();
}
