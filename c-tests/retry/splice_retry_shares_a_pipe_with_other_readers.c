/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several threads splice from one O_NONBLOCK pipe. One that is woken for a byte which another has taken keeps
 * waiting: none of them gets EAGAIN, and every byte arrives once. */
#include <zsplice.h>
#include "t.h"

#define READERS 4
#define TOTAL 20000

static int from[2], to_sockets;
static int64_t moved;

static void *reads(void *unused)
{
	int to[2];
	ssize_t n;

	(void)unused;
	MUST(to_sockets ? socketpair(AF_UNIX, SOCK_STREAM, 0, to) == 0 : pipe2(to, O_NONBLOCK) == 0);
	while ((n = zs_splice_retry(from[0], NULL, to[1], NULL, 1, 0)) > 0) {
		t_drain(to[0], (size_t)n);
		__atomic_add_fetch(&moved, n, __ATOMIC_SEQ_CST);
	}
	T_EQ(n, 0);
	t_close2(to);
	return NULL;
}

static void share(void)
{
	pthread_t readers[READERS];

	moved = 0;
	MUST(pipe2(from, O_NONBLOCK) == 0);
	for (int i = 0; i < READERS; i++)
		readers[i] = t_thread(reads, NULL);
	for (int i = 0; i < TOTAL; i++)
		t_write(from[1], "1", 1);
	MUST(close(from[1]) == 0);
	for (int i = 0; i < READERS; i++)
		t_join(readers[i]);
	T_EQ(moved, TOTAL);
	MUST(close(from[0]) == 0);
}

int main(void)
{
	share();
	to_sockets = 1;
	share();
	return t_done();
}
