/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals, waits, checks at the end of the input: whatever fails inside, a success leaves errno as it was. The
 * test makes sure that each of these happened. */
#include <zsplice.h>
#include "t.h"

static int in[2], out[2], copy[2], file;

/* Writes after a while, and after four signals. */
static void *writes_late(void *unused)
{
	int before = t_signals;

	(void)unused;
	t_sleep_ms(20);
	while (t_signals < before + 4)
		t_sleep_ms(1);
	t_write(in[1], "a late word", 11);
	return NULL;
}

/* Interrupted (EINTR) at least once, and would block (EAGAIN) before that. */
static void waits(void)
{
	pthread_t thread;

	t_nonblock(in[0], 1);
	t_signal_storm(5000);
	thread = t_thread(writes_late, NULL);
	errno = 123;
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 11, 0, NULL), 11);
	T_EQ(errno, 123);
	t_join(thread);

	/* In the call itself. */
	t_nonblock(in[0], 0);
	thread = t_thread(writes_late, NULL);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], 11, 0, NULL), 11);
	T_EQ(errno, 123);
	t_join(thread);
	t_signal_storm(0);
}

/* A socket whose type is queried and that is peeked at; a file whose position is queried, or that has none. */
static void probes(void *argument)
{
	int tcp[2], sock[2], ended[2], self;

	(void)argument;
	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(ended) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, sock) == 0);
	MUST(shutdown(tcp[0], SHUT_WR) == 0 && send(sock[0], "", 0, 0) == 0);
	errno = 123;
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	T_EQ(zs_splice_full(sock[1], NULL, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	T_EQ(zs_splice_full(file, NULL, out[1], NULL, 100, 0, NULL), 10);
	T_EQ(errno, 123);
	T_EQ(zs_splice_full(file, &(int64_t){ 50 }, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	T_EQ(zs_copy_range_full(file, NULL, file, &(int64_t){ 9 }, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	T_EQ(zs_sendfile_full(out[1], file, NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	MUST((self = open("/proc/self/mountinfo", O_RDONLY)) >= 0);
	T_EQ(zs_splice_full(self, NULL, out[1], NULL, 100, 0, NULL), 100);
	T_EQ(errno, 123);

	/* All checks are denied: only the kernel's 0 is left. */
	t_refuse(T_SYS_PREAD, EPERM);
	t_refuse(SYS_recvfrom, EPERM);
	t_refuse(SYS_ppoll, EPERM);
	T_EQ(zs_splice_full(file, NULL, out[1], NULL, 100, 0, NULL), 0);
	errno = 123;
	T_EQ(zs_splice_full(file, NULL, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	T_EQ(zs_splice_full(tcp[1], NULL, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
	MUST(close(ended[1]) == 0);
	errno = 123;
	T_EQ(zs_splice_full(ended[0], NULL, out[1], NULL, 100, 0, NULL), 0);
	T_EQ(errno, 123);
}

int main(void)
{
	MUST(pipe(in) == 0 && pipe(out) == 0 && pipe(copy) == 0);
	file = t_file(10);
	waits();
	T_CHILD(probes, NULL);
	return t_done();
}
