/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking terminal takes its bytes in small pieces, because the slave processes its output or the master
 * goes through a line discipline: the timeout and a cancel are noticed all the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

/* To the slave, or to the master. */
struct slow {
	int has_slave, tty[2], sockets[2];
};

static void *reads(void *argument)
{
	struct slow *it = argument;
	static __thread char bytes[4096];

	while (read(it->tty[!it->has_slave], bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static void *writes(void *argument)
{
	struct slow *it = argument;
	static __thread char bytes[65536];

	memset(bytes, 'x', sizeof bytes);
	while (write(it->sockets[1], bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static void terminal(struct slow *it)
{
	struct termios mode;

	t_pty(it->tty);
	MUST(tcgetattr(it->tty[1], &mode) == 0);
	mode.c_oflag |= OPOST | ONLCR;
	mode.c_iflag |= ICRNL | IXON;
	MUST(tcsetattr(it->tty[1], TCSANOW, &mode) == 0);
}

static void slow(int has_slave, int by_cancel)
{
	struct slow it = { .has_slave = has_slave };
	struct zs_options options = { 0 };
	struct zs_result results[2];
	struct t_later later = { .ms = 150, .write = "!" };
	pthread_t threads[3];
	int64_t began, after;
	int cancel[2];

	terminal(&it);
	t_tcp_pair(it.sockets, 0, 0);
	MUST(pipe(cancel) == 0);
	if (by_cancel) {
		options.flags = ZS_CANCEL_FD;
		options.cancel_fd = cancel[0];
	} else {
		options.timeout_ns = T_MS(150);
	}
	later.fd = cancel[1];
	threads[0] = t_thread(reads, &it);
	threads[1] = t_thread(writes, &it);
	threads[2] = t_later(&later);
	began = t_now_ms();
	T_EQ(zs_bridge(it.tty[has_slave], it.tty[has_slave], it.sockets[0], it.sockets[0], &options, results),
	     -1);
	T_EQ(errno, by_cancel ? ECANCELED : ETIMEDOUT);
	after = t_now_ms() - began;
	if (!OK(after < 3000 * t_slower()))
		fprintf(stderr, "... slave %d cancel %d: %lld ms\n", has_slave, by_cancel, (long long)after);
	OK(results[1].bytes > 0);
	T_EQ(results[1].side, ZS_SIDE_CALL);
	MUST(close(it.tty[has_slave]) == 0 && close(it.sockets[0]) == 0);
	for (int i = 0; i < 3; i++)
		t_join(threads[i]);
	MUST(close(it.tty[!has_slave]) == 0 && close(it.sockets[1]) == 0);
	t_close2(cancel);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGHUP, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 4; i++)
		slow(i & 1, i >> 1);
	return t_done();
}
