/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A run delivers no more than its budget, 1 MiB by default, and then returns ZS_WANT_RUN. The run after that
 * has something to do. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void budget(enum t_stream in, enum t_stream out, uint64_t each)
{
	struct t_relay it = t_relay(in, out, ZS_TO_END, NULL, 0);
	size_t pushed = t_push(it.in, 40000, 0), got = 0;
	uint64_t before = 0, after;
	int wanted, runs = 0;

	while ((wanted = t_relay_run(it.relay, each)) == ZS_WANT_RUN) {
		after = t_relay_result(it.relay).bytes;
		T_EQ(after, before + each);
		before = after;
		got += t_pull(it.out, SIZE_MAX, got);
		/* The rest of them would show nothing new. */
		if (++runs == 3000)
			each = 4096;
	}
	OK(wanted == ZS_WANT_READ || out == T_A_TCP || each > 4096);
	OK(t_relay_result(it.relay).bytes - before <= each);
	OK(out == T_A_TCP || each > 4096 || t_relay_result(it.relay).bytes == pushed);
	t_relay_close(&it);
}

/* Small messages, which go through the buffer of a pool: the budget ends with one, or in the middle of one. */
static void messages(void)
{
	zs_pool *pool = zs_pool_new(1, 0);
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);

	for (uint64_t at = 0; at < 12; at += 4) {
		MUST(t_push(it.in, 4, at) == 4);
		T_EQ(t_relay_run(it.relay, 4), ZS_WANT_RUN);
		T_EQ(t_relay_result(it.relay).bytes, at + 4);
	}
	T_EQ(t_relay_run(it.relay, 4), ZS_WANT_READ);
	MUST(t_push(it.in, 10, 12) == 10);
	for (uint64_t left = 6; left > 0; left -= left < 4 ? left : 4) {
		T_EQ(t_relay_run(it.relay, 4), ZS_WANT_RUN);
		T_EQ(t_relay_result(it.relay).in_flight, left);
	}
	T_EQ(t_relay_run(it.relay, 4), ZS_WANT_READ);
	T_EQ(t_relay_result(it.relay).copied, 22);
	T_EQ(t_pull(it.out, 30, 0), 22);
	/* What an output does not take uses up nothing. */
	while (send(it.fd_out, "more", 4, MSG_DONTWAIT) > 0)
		;
	MUST(t_push(it.in, 10, 22) == 10);
	T_EQ(t_relay_run(it.relay, 5), ZS_WANT_WRITE);
	T_EQ(t_relay_result(it.relay).in_flight, 10);
	t_relay_close(&it);
	zs_pool_free(pool);
}

int main(void)
{
	static const uint64_t budgets[] = { 1, 7, 4096, 16384, 30000, UINT64_MAX };
	int in, out = open("/dev/null", O_WRONLY | O_NONBLOCK), ends = t_file(3 << 20);
	zs_relay *relay;

	for (int from = 0; from < T_A_PTY; from++)
		for (int to = 0; to < T_A_PTY; to++)
			for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++)
				budget((enum t_stream)from, (enum t_stream)to, budgets[i]);
	messages();
	MUST((in = open("/dev/zero", O_RDONLY | O_NONBLOCK)) >= 0 && out >= 0);
	MUST((relay = zs_relay_new(in, out, ZS_TO_END, NULL, 0)) != NULL);
	for (uint64_t i = 1; i < 20; i++)
		OK(t_relay_run(relay, 0) == ZS_WANT_RUN && t_relay_result(relay).bytes == i << 20);
	zs_relay_free(relay);
	MUST((relay = zs_relay_new(ends, out, ZS_TO_END, NULL, 0)) != NULL);
	for (int i = 0; i < 3; i++)
		T_EQ(t_relay_run(relay, 0), ZS_WANT_RUN);
	if (T_EQ(t_relay_run(relay, 0), 0))
		T_EQ(t_relay_run(relay, 0), 0);
	T_EQ(t_relay_result(relay).bytes, 3 << 20);
	zs_relay_free(relay);
	MUST(close(in) == 0 && close(out) == 0 && close(ends) == 0);
	return t_done();
}
