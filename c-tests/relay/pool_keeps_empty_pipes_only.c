/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Relays share a bounded number of pipes by the pool. A pipe that still holds bytes is closed, so that no other
 * relay sees them. The pool may be freed before its relays. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define MANY 5

static void clogged(size_t keeps, int drains)
{
	zs_pool *pool = zs_pool_new(keeps, 65536);
	struct t_relay relays[MANY];
	size_t pushed[MANY], got;
	int before = t_open_descriptors(), with;

	MUST(pool != NULL);
	for (int i = 0; i < MANY; i++)
		relays[i] = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, pool, 0);
	for (int i = 0; i < MANY; i++)
		pushed[i] = t_fill_relay(&relays[i]);
	with = t_open_descriptors();
	T_EQ(with, before + MANY * 6);
	for (int i = 0; drains && i < MANY; i++) {
		got = 0;
		while (got < pushed[i]) {
			OK(t_relay_run(relays[i].relay, 0) >= 0);
			got += t_pull(relays[i].out, SIZE_MAX, got);
		}
		T_EQ(t_relay_run(relays[i].relay, 0), ZS_WANT_READ);
	}
	if (drains)
		T_EQ(t_open_descriptors(), before + MANY * 4 + (int)(keeps < MANY ? keeps : MANY) * 2);
	for (int i = 0; i < MANY; i++)
		t_relay_close(&relays[i]);
	T_EQ(t_open_descriptors(), before + (drains ? (int)(keeps < MANY ? keeps : MANY) * 2 : 0));
	/* What comes through a pipe of the pool are the bytes of this relay only. */
	relays[0] = t_relay(T_A_TCP, T_A_TCP, ZS_TO_END, pool, 0);
	pushed[0] = t_fill_relay(&relays[0]);
	MUST(shutdown(relays[0].in, SHUT_WR) == 0);
	got = 0;
	T_EQ(t_flush(&relays[0], &got), 0);
	for (int i = 0; got < pushed[0] && i < 100; i++, t_sleep_ms(1))
		got += t_pull(relays[0].out, SIZE_MAX, got);
	T_EQ(got, pushed[0]);
	t_relay_close(&relays[0]);
	zs_pool_free(pool);
	T_EQ(t_open_descriptors(), before);
}

/* The pipes are closed on exec. */
static void closed_on_exec(void)
{
	int before = t_open_descriptors(), marked = 0;
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);

	(void)t_fill_relay(&it);
	T_EQ(t_open_descriptors(), before + 6);
	for (int fd = 0; fd < 64; fd++)
		marked += fcntl(fd, F_GETFD) == FD_CLOEXEC;
	OK(marked >= 2);
	t_relay_close(&it);
	T_EQ(t_open_descriptors(), before);
}

int main(void)
{
	for (size_t keeps = 0; keeps < 8; keeps += 3) {
		clogged(keeps, 0);
		clogged(keeps, 1);
	}
	closed_on_exec();
	return t_done();
}
