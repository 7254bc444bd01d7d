/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If the pipe of a relay cannot be read, zs_relay_take hands back what came before the failure, or fails; a run that
 * had to read fails. The rest stays in flight and can be taken later. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_intercept.h"

#define FIRST 65536
#define HELD 200000
#define SOME 1000

static char bytes[HELD + 1];

/* A relay with HELD bytes in its pipe, of which the output takes none. */
static struct t_relay holding(void)
{
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);
	size_t got = 0, pushed = FIRST;

	MUST(t_push(it.in, FIRST, 0) == FIRST);
	for (int i = 0; got < FIRST && OK(i < 100); i++) {
		OK(t_relay_run(it.relay, 0) > 0);
		got += t_pull(it.out, FIRST - got, got);
	}
	while (write(it.fd_out, bytes, 4096) > 0)
		;
	while (pushed < FIRST + HELD) {
		pushed += t_push(it.in, FIRST + HELD - pushed, pushed);
		OK(t_relay_run(it.relay, 0) > 0);
	}
	MUST(t_relay_result(it.relay).in_flight == HELD);
	return it;
}

static int64_t fails_once(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? -EIO : T_CONTINUE;
}

static int64_t ends_once(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? 0 : T_CONTINUE;
}

static int64_t fails_after_some(const uint64_t *args, int earlier)
{
	if (earlier == 0)
		return read((int)args[0], (void *)(uintptr_t)args[1], SOME);
	return earlier == 1 ? -EIO : T_CONTINUE;
}

static int64_t is_interrupted(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? -EINTR : T_CONTINUE;
}

/* All that is in flight is handed back, in order. */
static void hands_back(struct t_relay *it, size_t before)
{
	if (T_EQ(zs_relay_take(it->relay, bytes, sizeof bytes), HELD - before))
		OK(t_is_pattern(bytes, HELD - before, FIRST + before));
	T_EQ(t_relay_result(it->relay).in_flight, 0);
	T_EQ(zs_relay_take(it->relay, bytes, sizeof bytes), 0);
	t_relay_close(it);
}

static void take_fails(void *unused)
{
	struct t_relay it = holding();

	(void)unused;
	t_intercept(SYS_read, fails_once);
	T_EQ(zs_relay_take(it.relay, bytes, sizeof bytes), -1);
	T_EQ(errno, EIO);
	T_EQ(t_relay_result(it.relay).in_flight, HELD);
	hands_back(&it, 0);
}

static void take_is_short(void *unused)
{
	struct t_relay it = holding();

	(void)unused;
	t_intercept(SYS_read, fails_after_some);
	if (T_EQ(zs_relay_take(it.relay, bytes, sizeof bytes), SOME))
		OK(t_is_pattern(bytes, SOME, FIRST));
	T_EQ(t_relay_result(it.relay).in_flight, HELD - SOME);
	hands_back(&it, SOME);
}

static void take_goes_on(void *unused)
{
	struct t_relay it = holding();

	(void)unused;
	t_intercept(SYS_read, is_interrupted);
	hands_back(&it, 0);
}

/* The output refuses splice(2), so that the pipe is read into a buffer. */
static void run_fails(void *answer)
{
	struct t_relay it = holding();

	t_refuse(SYS_splice, EINVAL);
	t_intercept(SYS_read, *(t_answer **)answer);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, EIO);
	T_EQ(t_relay_result(it.relay).side, ZS_SIDE_CALL);
	T_EQ(t_relay_result(it.relay).in_flight, HELD);
	hands_back(&it, 0);
}

int main(void)
{
	static t_answer *answers[] = { fails_once, ends_once };

	T_CHILD(take_fails, NULL);
	T_CHILD(take_is_short, NULL);
	T_CHILD(take_goes_on, NULL);
	T_CHILD(run_fails, &answers[0]);
	T_CHILD(run_fails, &answers[1]);
	return t_done();
}
