/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With no descriptor left, or with the pipe quota of an ordinary user used up, 2,000 relays all make progress
 * through buffers, with bounded memory. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include <malloc.h>

#define MANY 2000
#define EACH 40000
#define KEPT 70

static struct t_relay relays[MANY];
static zs_pool *pool;
static int used;

static void prepare(int count)
{
	struct rlimit limit = { 20000, 20000 };
	int small = 4096;

	(void)setrlimit(RLIMIT_NOFILE, &limit);
	MUST((pool = zs_pool_new(KEPT, 0)) != NULL);
	for (used = 0; used < count; used++) {
		struct t_relay *it = &relays[used];

		*it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);
		MUST(setsockopt(it->fd_out, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
	}
}

/* All outputs are full at once and each relay holds what it can; then everything is delivered. */
static void all_move(const char *what)
{
	static size_t pushed[MANY], got[MANY];
	size_t memory = mallinfo2().uordblks + mallinfo2().hblkhd, copied = 0, left = 0, peak;

	for (int i = 0; i < used; i++) {
		pushed[i] = t_push(relays[i].in, EACH, 0);
		got[i] = 0;
		OK(zs_relay_run(relays[i].relay, 0) >= 0);
		left++;
	}
	peak = mallinfo2().uordblks + mallinfo2().hblkhd - memory;
	OK(peak <= (size_t)used * 21000 + (1 << 20));
	for (int round = 0; left > 0 && OK(round < 10000); round++) {
		left = 0;
		for (int i = 0; i < used; i++) {
			if (pushed[i] < EACH)
				pushed[i] += t_push(relays[i].in, EACH - pushed[i], pushed[i]);
			if (!OK(zs_relay_run(relays[i].relay, 0) >= 0))
				return;
			got[i] += t_pull(relays[i].out, SIZE_MAX, got[i]);
			left += got[i] < EACH;
		}
	}
	for (int i = 0; i < used; i++)
		copied += t_relay_result(relays[i].relay).via & ZS_VIA_READ_WRITE ? 1 : 0;
	printf("%s: %d relays, %zu with buffers, at most %zu KiB\n", what, used, copied, peak / 1024);
	MUST(fflush(stdout) == 0);
}

static void no_descriptors(void *argument)
{
	struct rlimit limit;
	int next;

	(void)argument;
	prepare(MANY);
	MUST((next = dup(0)) >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	all_move("no descriptors");
	for (int i = 0; i < used; i++)
		OK(!(t_relay_result(relays[i].relay).via & ZS_VIA_SPLICE));
}

static void no_quota(void *argument)
{
	(void)argument;
	t_spend_pipe_quota();
	prepare(MANY);
	all_move("no quota");
	t_pipe_quota_was_spent();
	/* Beyond the quota a pipe holds one or two pages: not worth it. */
	for (int i = 0; i < used; i++)
		OK(!(t_relay_result(relays[i].relay).via & ZS_VIA_SPLICE));
}

static void no_pipes(void *argument)
{
	(void)argument;
	prepare(200);
	t_refuse(SYS_pipe2, ENFILE);
	all_move("no pipes");
}

int main(void)
{
	T_CHILD(no_descriptors, NULL);
	T_CHILD(no_pipes, NULL);
	T_CHILD(no_quota, NULL);
	return t_done();
}
