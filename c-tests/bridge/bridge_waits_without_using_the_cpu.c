/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge that has nothing to do uses no CPU and wakes up once or twice: with both sides silent, with one that has
 * ended or hung up, with a full output whose input has more. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static int64_t rests(struct t_side *a, struct t_side *b, const char *what, int error)
{
	struct zs_result results[2];
	struct rusage before, after;
	int64_t ms, switches;

	MUST(getrusage(RUSAGE_THREAD, &before) == 0);
	ms = t_thread_cpu_ms();
	T_EQ(T_BRIDGE(a, b, results, .timeout_ns = T_MS(50), .flags = ZS_NOSIGPIPE), -1);
	T_EQ(errno, error);
	MUST(getrusage(RUSAGE_THREAD, &after) == 0);
	ms = t_thread_cpu_ms() - ms;
	switches = after.ru_nvcsw - before.ru_nvcsw;
	if (!OK(ms < 35) | !OK(switches < 8))
		fprintf(stderr, "... %s, %s and %s: %lld ms, %lld waits\n", what, t_side_kind_name(a->kind),
			t_side_kind_name(b->kind), (long long)ms, (long long)switches);
	return ms;
}

static void close_all(struct t_side *side)
{
	const int fds[4] = { side->in, side->out, side->far_in, side->far_out };

	for (int i = 0; i < 4; i++)
		if (fcntl(fds[i], F_GETFD) >= 0)
			MUST(close(fds[i]) == 0);
}

static void pair(enum t_side_kind from, enum t_side_kind to, int nonblock)
{
	struct t_side a, b;
	int turned;

	for (int what = 0; what < 10; what++) {
		turned = what & 1;
		t_side(&a, from, nonblock, 0, 0);
		t_side(&b, to, nonblock, 0, 0);
		switch (what >> 1) {
		case 0:
			rests(&a, &b, "silent", ETIMEDOUT);
			break;
		case 1: /* One far end ends its stream. */
			if (a.kind == T_BY_PIPES)
				MUST(close(a.far_out) == 0);
			else
				MUST(shutdown(a.far_out, SHUT_WR) == 0);
			rests(turned ? &b : &a, turned ? &a : &b, "ended", ETIMEDOUT);
			break;
		case 2: /* One far end is closed. AF_UNIX tells. For pipes: one has ended, and nobody reads there now. */
			MUST(close(a.far_out) == 0);
			if (a.kind == T_BY_PIPES && b.kind == T_BY_PIPES)
				MUST(close(b.far_in) == 0);
			rests(turned ? &b : &a, turned ? &a : &b, "gone",
			      a.kind == T_BY_UNIX ? EPIPE : ETIMEDOUT);
			break;
		case 3: /* b takes nothing, a has more. */
			(void)t_fill_stream(b.kind == T_BY_PIPES ? T_A_PIPE : T_A_UNIX, (int[]){ b.far_in, b.out });
			t_write(a.far_out, "more", 4);
			rests(turned ? &b : &a, turned ? &a : &b, "full", ETIMEDOUT);
			break;
		default: /* The same, and then a ends its stream. */
			(void)t_fill_stream(b.kind == T_BY_PIPES ? T_A_PIPE : T_A_UNIX, (int[]){ b.far_in, b.out });
			t_write(a.far_out, "more", 4);
			if (a.kind == T_BY_PIPES)
				MUST(close(a.far_out) == 0);
			else
				MUST(shutdown(a.far_out, SHUT_WR) == 0);
			rests(turned ? &b : &a, turned ? &a : &b, "full, ended", ETIMEDOUT);
		}
		close_all(&a);
		close_all(&b);
	}
}

static void *all(void *argument)
{
	int which = *(int *)argument;

	for (int nonblock = 0; nonblock < 2; nonblock++)
		pair((enum t_side_kind)(which / 3), (enum t_side_kind)(which % 3), nonblock);
	return NULL;
}

int main(void)
{
	/* Each in a process of its own, since they close descriptors that another may have. */
	pid_t children[9];
	int status;

	for (int which = 0; which < 9; which++) {
		MUST((children[which] = fork()) >= 0);
		if (children[which] == 0) {
			all(&which);
			_exit(t_done());
		}
	}
	for (int which = 0; which < 9; which++) {
		MUST(waitpid(children[which], &status, 0) == children[which]);
		T_EQ(status, 0);
	}
	return t_done();
}
