/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the storms of soak.c have in common: figures that all processes share, and the rounds of a worker. */
#ifndef FIGURES_H
#define FIGURES_H

#include <malloc.h>
#include <sys/mman.h>

/* In memory that the processes share: a worker counts, soak.c prints. */
struct figures {
	uint64_t rounds, transfers, bytes, failed;
	uint64_t heap_first, heap_last; /* bytes of the heap in use after a round */
	int fds_first, fds_last, skipped;
	int last_error;
	char why[80]; /* it was skipped */
};

/* The worker's own. */
static struct figures *figures;
static uint64_t chance;

/* Signals arrive during the calls of the library only, so that what prepares a round need not care. */
static int takes_signals;

static void let_signals_in(int on)
{
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	if (takes_signals)
		MUST(pthread_sigmask(on ? SIG_UNBLOCK : SIG_BLOCK, &alarm, NULL) == 0);
}

/* A worker that cannot play its storm here says why. */
static void skip_storm(const char *why)
{
	snprintf(figures->why, sizeof figures->why, "%s", why);
	figures->skipped = 1;
	_exit(0);
}

/* Counts a transfer, from any thread. */
static void count(int64_t returned, const struct zs_result *result)
{
	let_signals_in(0);
	__atomic_add_fetch(&figures->transfers, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&figures->bytes, result->bytes, __ATOMIC_RELAXED);
	T_EQ(returned, result->error == 0 ? (int64_t)result->bytes : -1);
	if (result->error != 0) {
		__atomic_add_fetch(&figures->failed, 1, __ATOMIC_RELAXED);
		figures->last_error = result->error;
	}
}

/* After each round everything is as it was after the first few: glibc's heap keeps a little for later. */
static void end_round(void)
{
	static const uint64_t slack = 64 << 10;
	uint64_t heap = mallinfo2().uordblks;
	int fds = t_open_descriptors();

	if (figures->rounds++ < 5) {
		figures->heap_first = heap;
		figures->fds_first = fds;
	} else {
		OK(heap <= figures->heap_first + slack);
		T_EQ(fds, figures->fds_first);
	}
	figures->heap_last = heap;
	figures->fds_last = fds;
}

#endif
