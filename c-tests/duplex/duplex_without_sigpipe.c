/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_NOSIGPIPE an output without a reader is EPIPE and raises no signal, also through a pipe. Without the flag the
 * signal comes. A child that frees what it has inherited leaves its parent's duplex alone. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

static volatile sig_atomic_t raised;

static void note(int signal)
{
	(void)signal;
	raised++;
}

static void died(int side, size_t len, unsigned int flags)
{
	struct t_duplex it = t_duplex(T_A_UNIX, T_A_UNIX, NULL, flags);
	struct zs_result results[2];

	t_scene("side %d, %zu bytes, flags %s", side, len, t_flag_words(flags));
	raised = 0;
	t_nonblock(it.far[side], 1);
	MUST(shutdown(it.far[!side], SHUT_RD) == 0);
	T_EQ(t_push(it.far[side], len, 0), len);
	MUST(shutdown(it.far[!side], SHUT_WR) == 0);
	while (t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0)
		;
	T_EQ(errno, EPIPE);
	t_duplex_results(it.duplex, results);
	T_EQ(results[side].error, EPIPE);
	T_EQ(results[side].side, ZS_SIDE_OUT);
	T_EQ(results[!side].error, 0);
	T_EQ(raised, !(flags & ZS_NOSIGPIPE));
	t_duplex_close(&it);
}

static struct t_duplex inherited;
static zs_pool *pool;

static void child(void *argument)
{
	(void)argument;
	zs_duplex_free(inherited.duplex);
	zs_pool_free(pool);
}

static void is_freed_after_fork(void)
{
	size_t pushed = 0, got = 0;
	int status;

	MUST((pool = zs_pool_new(1, 0)) != NULL);
	inherited = t_duplex(T_A_UNIX, T_A_UNIX, pool, 0);
	t_nonblock(inherited.far[0], 1);
	t_nonblock(inherited.far[1], 1);
	/* Until bytes are in flight. */
	for (int idle = 0; idle < 2; idle++) {
		size_t n = t_push(inherited.far[0], 1 << 20, pushed);

		pushed += n;
		idle = n ? -1 : idle;
		OK(t_duplex_run(inherited.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) > 0);
	}
	T_CHILD(child, NULL);
	MUST(shutdown(inherited.far[0], SHUT_WR) == 0 && shutdown(inherited.far[1], SHUT_WR) == 0);
	while ((status = t_duplex_run(inherited.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0)) > 0)
		got += t_pull(inherited.far[1], SIZE_MAX, got);
	T_EQ(status, 0);
	got += t_pull(inherited.far[1], SIZE_MAX, got);
	T_EQ(got, pushed);
	t_duplex_close(&inherited);
	zs_pool_free(pool);
}

int main(void)
{
	struct sigaction action = { .sa_handler = note };

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	for (int i = 0; i < 16; i++)
		died(i & 1, i & 2 ? 50000 : 10, (i & 4 ? ZS_NOSIGPIPE : 0) | (i & 8 ? ZS_STABLE : 0));
	is_freed_after_fork();
	return t_done();
}
