/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Small messages go through a buffer, with no more system calls than recv and send need; bulk goes through a
 * pipe. The relay changes from one to the other and back by itself. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_calls.h"
#include "t_intercept.h"

#define MOST 10000

static struct t_relay it;

static void small(void *argument)
{
	char byte[64] = { 0 };

	(void)argument;
	for (int i = 0; i < 20; i++) {
		MUST(syscall(SYS_write, it.in, byte, sizeof byte) == sizeof byte);
		T_EQ(zs_relay_run(it.relay, 0), ZS_WANT_READ);
		MUST(syscall(SYS_read, it.out, byte, sizeof byte) == sizeof byte);
	}
}

static void bulk(void *argument)
{
	static char bytes[65536];

	(void)argument;
	for (int i = 0; i < 20; i++) {
		(void)!write(it.in, bytes, sizeof bytes);
		OK(zs_relay_run(it.relay, 0) > 0);
		(void)!read(it.out, bytes, sizeof bytes);
	}
}

static void bulk_then_small(void *argument)
{
	char bytes[4096];

	bulk(argument);
	while (zs_relay_run(it.relay, 0) != ZS_WANT_READ)
		while (read(it.out, bytes, sizeof bytes) > 0)
			;
	while (read(it.out, bytes, sizeof bytes) > 0)
		;
}

static int count(const long *calls, int made, long number)
{
	int count = 0;

	for (int i = 0; i < made && i < MOST; i++)
		count += calls[i] == number;
	return count;
}

static void both(enum t_stream in, unsigned int flags)
{
	static long calls[MOST];
	int made;

	it = t_relay(in, T_A_UNIX, ZS_TO_END, NULL, flags);
	made = t_system_calls(small, NULL, calls, MOST);
	if (T_EQ(count(calls, made, SYS_splice), 0))
		T_EQ(count(calls, made, SYS_sendto), 20);
	T_EQ(count(calls, made, SYS_recvfrom), flags & ZS_RELAY_LEVEL ? 20 : 40);
	/* The other calls are those of the test, and for memory (none, as a rule). */
	if (!OK(made <= 40 + 20 + (flags & ZS_RELAY_LEVEL ? 20 : 40) + 4))
		fprintf(stderr, "... %d calls\n", made);
	made = t_system_calls(bulk, NULL, calls, MOST);
	OK(count(calls, made, SYS_splice) >= 20);
	bulk_then_small(NULL);
	MUST(t_push(it.in, 10, 0) == 10);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	t_drain(it.out, 10);
	made = t_system_calls(small, NULL, calls, MOST);
	T_EQ(count(calls, made, SYS_splice), 0);
	t_relay_close(&it);
}

/* splice(2) finds nothing, and then a few bytes come. */
static int64_t comes_late(const uint64_t *args, int earlier)
{
	if (earlier > 0 || (int)args[0] != it.fd_in)
		return T_CONTINUE;
	MUST(t_push(it.in, 100, 65536) == 100);
	return -EAGAIN;
}

/* A pause does not make bulk small, nor do the bytes of a read that ended it. */
static void pauses(void *unused)
{
	size_t got = 0;
	uint64_t copied;

	(void)unused;
	it = t_relay(T_A_UNIX, T_A_UNIX, ZS_TO_END, NULL, 0);
	MUST(t_push(it.in, 65536, 0) == 65536);
	for (int i = 0; got < 65536 && OK(i < 100); i++) {
		OK(t_relay_run(it.relay, 0) > 0);
		got += t_pull(it.out, 65536 - got, got);
	}
	copied = t_relay_result(it.relay).copied;
	t_intercept(SYS_splice, comes_late);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	T_EQ(t_relay_result(it.relay).copied, copied + 100);
	MUST(t_push(it.in, 8192, 65636) == 8192);
	OK(t_relay_run(it.relay, 0) > 0);
	T_EQ(t_relay_result(it.relay).bytes, 65536 + 100 + 8192);
	T_EQ(t_relay_result(it.relay).copied, copied + 100);
	T_EQ(t_pull(it.out, 10000, 65536), 100 + 8192);
	t_relay_close(&it);
}

int main(void)
{
	T_CHILD(pauses, NULL);
	both(T_A_UNIX, 0);
	both(T_A_UNIX, ZS_RELAY_LEVEL);
	return t_done();
}
