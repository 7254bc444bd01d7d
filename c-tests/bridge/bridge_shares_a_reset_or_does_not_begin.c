/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a connection dies of it dies of in both directions, also with little memory: the n-th allocation fails, for each
 * n. Without what the two directions share a bridge and a duplex fail with ENOMEM before they move anything. */
/* ways: archive */
/* wraps: malloc calloc */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);

/* 0: no allocation fails. */
static int to_fail, count;

static int fails(void)
{
	return to_fail && ++count == to_fail;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	return fails() ? NULL : __real_calloc(number, size);
}

/* a has been reset, with something to send to it: that direction meets the reset, and spends it. */
static void dies(int nth)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int a[2], b[2], returned;

	t_scene("allocation %d fails", nth);
	t_tcp_pair(a, 0, 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0 && write(b[1], "bytes", 5) == 5);
	t_reset(a[1]);
	to_fail = nth;
	count = 0;
	returned = zs_bridge(b[0], b[0], a[0], a[0], NULL, results);
	to_fail = 0;
	T_EQ(returned, -1);
	for (int i = 0; i < 2; i++)
		if (!nth || results[i].error != ENOMEM) /* there is no memory for its buffer */
			T_EQ(results[i].error, ECONNRESET);
	t_close2(b);
	MUST(close(a[0]) == 0);
}

static void has_no_memory(void)
{
	int a[2], b[2];
	zs_duplex *duplex;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b) == 0);
	for (int nth = 1; nth < 9; nth++) {
		to_fail = nth;
		count = 0;
		duplex = zs_duplex_new(a[0], b[0], NULL, 0);
		to_fail = 0;
		OK(duplex ? count < nth : errno == ENOMEM);
		zs_duplex_free(duplex);
	}
	t_close2(a);
	t_close2(b);
}

int main(void)
{
	for (int nth = 0; nth < 9; nth++)
		dies(nth);
	has_no_memory();
	return t_done();
}
