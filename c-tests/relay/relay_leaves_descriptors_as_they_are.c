/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whatever a relay does or meets, its descriptors stay open with the flags they had, and no other is open when
 * it has been freed. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

enum { GOES_WELL, IS_RESET, HAS_NO_READER, IS_FREED, IS_REFUSED, CASES };

struct flags {
	int fds[2], of_file[2], own[2];
};

static struct flags flags_of(int in, int out)
{
	struct flags it = { .fds = { in, out } };

	for (int i = 0; i < 2; i++) {
		it.of_file[i] = fcntl(it.fds[i], F_GETFL);
		it.own[i] = fcntl(it.fds[i], F_GETFD);
	}
	return it;
}

static void same(const struct flags *before)
{
	struct flags now = flags_of(before->fds[0], before->fds[1]);

	T_EQ(memcmp(before, &now, sizeof now), 0);
}

static void kept(enum t_stream in, enum t_stream out, int what, zs_pool *pool, unsigned int flags)
{
	struct t_relay it = t_relay_fds(in, out);
	int open = t_open_descriptors(), held = pool != NULL;
	struct flags before;
	size_t got = 0;
	int wanted;

	MUST(fcntl(it.fd_in, F_SETFD, what & 1 ? FD_CLOEXEC : 0) == 0);
	before = flags_of(it.fd_in, it.fd_out);
	if (what == IS_REFUSED) {
		t_nonblock(it.fd_out, 0);
		before = flags_of(it.fd_in, it.fd_out);
		OK(zs_relay_new(it.fd_in, it.fd_out, ZS_TO_END, pool, flags) == NULL);
		T_EQ(errno, EINVAL);
		same(&before);
		t_relay_close(&it);
		return;
	}
	MUST((it.relay = zs_relay_new(it.fd_in, it.fd_out, ZS_TO_END, pool, flags | ZS_NOSIGPIPE)) != NULL);
	same(&before);
	(void)t_fill_relay(&it);
	same(&before);
	if (what == IS_RESET && in == T_A_TCP) {
		t_reset(it.in);
		it.in = -1;
	} else if (what == HAS_NO_READER) {
		MUST(close(it.out) == 0);
		it.out = -1;
	} else if (what != IS_FREED && in != T_A_PTY) {
		MUST(close(it.in) == 0);
		it.in = -1;
	}
	if (it.out >= 0 && it.in < 0) {
		wanted = t_flush(&it, &got);
		T_EQ(wanted, what == IS_RESET && in == T_A_TCP ? -1 : 0);
	} else if (it.out < 0) {
		T_EQ(t_relay_run(it.relay, 0), -1);
	}
	same(&before);
	zs_relay_free(it.relay);
	it.relay = NULL;
	same(&before);
	/* The pool may have kept one pipe. */
	open -= (it.in < 0) + (it.out < 0);
	OK(t_open_descriptors() == open || (held && t_open_descriptors() == open + 2));
	t_relay_close(&it);
}

/* Files need not be O_NONBLOCK, and are not made so. */
static void files(unsigned int flags)
{
	int in = t_file(100000), file = t_file(0), out = t_reopen(file, O_WRONLY | O_APPEND);
	struct flags before = flags_of(in, out);
	zs_relay *relay;

	MUST((relay = zs_relay_new(in, out, ZS_TO_END, NULL, flags)) != NULL);
	if (T_EQ(t_relay_run(relay, 0), 0))
		OK(t_has_pattern(file, 0, 100000, 0));
	same(&before);
	zs_relay_free(relay);
	same(&before);
	MUST(close(in) == 0 && close(out) == 0 && close(file) == 0);
}

int main(void)
{
	zs_pool *pool;

	MUST(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	for (int in = 0; in < T_STREAMS; in++)
		for (int out = 0; out < T_STREAMS; out++)
			for (int what = 0; what < CASES; what++) {
				unsigned int flags = what & 1 ? ZS_STABLE : ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;

				/* It takes TCP a while to be full. */
				if (out == T_A_TCP && what != GOES_WELL && what != HAS_NO_READER)
					continue;
				MUST((pool = what & 1 ? zs_pool_new(1, 0) : NULL) || !(what & 1));
				kept((enum t_stream)in, (enum t_stream)out, what, pool, flags);
				zs_pool_free(pool);
			}
	files(0);
	files(ZS_STABLE);
	return t_done();
}
