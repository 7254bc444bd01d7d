/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reader closes while one splice(2) passes it many pages: the kernel returns how many arrived and raises
 * SIGPIPE nevertheless. ZS_NOSIGPIPE removes that signal, too. */
#include <zsplice.h>
#include <sched.h>
#include "t.h"

static volatile int peer, delay, goes;

static void *leaves(void *unused)
{
	for (;;) {
		while (!__atomic_load_n(&goes, __ATOMIC_ACQUIRE))
			sched_yield();
		for (volatile int i = 0; i < delay; i++)
			;
		close(peer);
		__atomic_store_n(&goes, 0, __ATOMIC_RELEASE);
	}
	return unused;
}

int main(void)
{
	int file = t_file(1 << 20), pair[2], room = 4 << 20;
	zs_pool *pool = zs_pool_new(4, 0);
	pthread_t thread;

	MUST(pool && signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	MUST(pthread_create(&thread, NULL, leaves, NULL) == 0);
	srand(1);
	for (int i = 0; i < 2000; i++) {
		zs_relay *relay;
		int wants;

		MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
		MUST(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0 || errno == EPERM);
		MUST(lseek(file, 0, SEEK_SET) == 0);
		MUST((relay = zs_relay_new(file, pair[0], ZS_TO_END, pool, ZS_NOSIGPIPE)));
		peer = pair[1];
		delay = rand() % 200000;
		__atomic_store_n(&goes, 1, __ATOMIC_RELEASE);
		wants = zs_relay_run(relay, 0);
		OK(wants >= 0 || errno == EPIPE || errno == ECONNRESET);
		while (__atomic_load_n(&goes, __ATOMIC_ACQUIRE))
			sched_yield();
		zs_relay_free(relay);
		MUST(close(pair[0]) == 0);
	}
	zs_pool_free(pool);
	return t_done();
}
