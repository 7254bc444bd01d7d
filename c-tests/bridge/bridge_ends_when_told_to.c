/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A timeout, an idle timeout, a cancel and a callback that returns nonzero end a bridge at once, whether it
 * waits for an input or an output, and both results have the error. With ZS_INTERRUPT so does a signal. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN (4 << 20)

static struct zs_options with;

static int enough(void *context, const struct zs_result *so_far)
{
	T_EQ(so_far->error, 0);
	OK(so_far->bytes > 0);
	return so_far->bytes >= *(uint64_t *)context;
}

/* Both sides are silent, or both are full since nobody reads. */
static void ended(enum t_side_kind kind, int nonblock, int full, int error, int64_t after)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	struct t_side sides[2];
	int64_t began = t_now_ms(), cpu;
	static char bytes[LEN];
	int size = 65536;

	for (int i = 0; i < 2; i++) {
		t_side(&sides[i], kind, nonblock, full ? LEN : 0, 0);
		if (kind == T_BY_TCP) /* or the buffers might grow until they hold it all */
			for (int j = 0; j < 4; j++)
				MUST(setsockopt(j & 1 ? sides[i].in : sides[i].far_in, SOL_SOCKET,
						j & 2 ? SO_SNDBUF : SO_RCVBUF, &size, sizeof size) == 0);
		if (full)
			sides[i].writer = t_thread(t_side_write, &sides[i]);
	}
	cpu = t_cpu_ms();
	began = t_now_ms();
	T_EQ(zs_bridge(sides[0].in, sides[0].out, sides[1].in, sides[1].out, &with, results), -1);
	T_EQ(errno, error);
	OK(error != ETIMEDOUT || after < 0 || t_now_ms() - began >= after - 1);
	if (after >= 0 && !OK(t_now_ms() - began < after + 3000 * t_slower()))
		fprintf(stderr, "... kind %s error %s: %lld ms\n", t_side_kind_name(kind), t_errno_name(error),
			(long long)(t_now_ms() - began));
	OK(full || t_cpu_ms() - cpu < 35);
	for (int i = 0; i < 2; i++) {
		struct t_side *from = &sides[i], *to = &sides[!i];

		T_EQ(results[i].error, error);
		T_EQ(results[i].side, ZS_SIDE_CALL);
		if (!full) {
			T_EQ(results[i].bytes, 0);
			T_EQ(results[i].in_flight, 0);
			continue;
		}
		if (to->out != to->in)
			MUST(close(to->out) == 0);
		else
			MUST(shutdown(to->out, SHUT_WR) == 0);
		if (T_EQ(t_read(to->far_in, bytes, LEN), results[i].bytes))
			OK(t_is_pattern(bytes, results[i].bytes, 0));
		OK(t_gives_pattern(from->in, LEN - results[i].bytes - results[i].in_flight,
				   results[i].bytes + results[i].in_flight));
		t_join(from->writer);
	}
	for (int i = 0; i < 2; i++) {
		MUST(close(sides[i].in) == 0 && close(sides[i].far_in) == 0);
		if (kind == T_BY_PIPES && !full)
			MUST(close(sides[i].out) == 0 && close(sides[i].far_out) == 0);
	}
}

static void all(enum t_side_kind kind, int full, int nonblock)
{
	uint64_t most = 50000;
	struct t_later later = { .ms = 40, .write = "!" };
	pthread_t thread;
	int cancel[2];

	MUST(pipe(cancel) == 0);
	with = (struct zs_options){ .timeout_ns = T_MS(40) };
	ended(kind, nonblock, full, ETIMEDOUT, 40);
	with = (struct zs_options){ .idle_ns = T_MS(40), .timeout_ns = T_MS(10000) };
	ended(kind, nonblock, full, ETIMEDOUT, full ? -1 : 40);
	with = (struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = cancel[0] };
	later.fd = cancel[1];
	thread = t_later(&later);
	ended(kind, nonblock, full, ECANCELED, 40);
	t_join(thread);
	ended(kind, nonblock, full, ECANCELED, 0);
	if (full) {
		with = (struct zs_options){ .progress = enough, .context = &most };
		ended(kind, nonblock, full, ECANCELED, -1);
	}
	with = (struct zs_options){ .flags = ZS_INTERRUPT };
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 40000 }, { 0, 40000 } }, NULL) == 0);
	ended(kind, nonblock, full, EINTR, 40);
	with = (struct zs_options){ .timeout_ns = T_MS(60) };
	ended(kind, nonblock, full, ETIMEDOUT, 60);
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL) == 0);
	t_close2(cancel);
}

int main(void)
{
	struct sigaction action = { .sa_handler = t_count_signal };

	MUST(sigaction(SIGALRM, &action, NULL) == 0);
	for (int kind = 0; kind < T_BY_FILES; kind++)
		for (int full = 0; full < 2; full++)
			all((enum t_side_kind)kind, full, full ^ (kind & 1));
	return t_done();
}
