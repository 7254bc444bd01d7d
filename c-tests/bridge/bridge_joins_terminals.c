/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge between a terminal and a socket, or two terminals, blocking or not. A terminal that has hung up has
 * ended as an input, and is EIO as an output. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN 100000

struct far {
	int fd;
	size_t gives, wanted;
	int right;
};

static void *writes(void *argument)
{
	struct far *far = argument;
	static __thread char bytes[LEN];

	t_pattern(bytes, far->gives, 0);
	t_write(far->fd, bytes, far->gives);
	return NULL;
}

static void *reads(void *argument)
{
	struct far *far = argument;

	far->right = t_gives_pattern(far->fd, far->wanted, 0);
	return NULL;
}

/* The bridge has the master or the slave of a terminal at side a. */
static void joined(int has_slave, int two, int nonblock)
{
	struct zs_result results[2];
	int tty[2], other[2];
	struct far left = { .gives = LEN, .wanted = LEN / 2 }, right = { .gives = LEN / 2, .wanted = LEN };
	pthread_t threads[4];

	t_pty(tty);
	if (two)
		t_pty(other);
	else
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	t_nonblock(tty[has_slave], nonblock);
	t_nonblock(other[0], nonblock);
	left.fd = tty[!has_slave];
	right.fd = other[1];
	threads[0] = t_thread(writes, &left);
	threads[1] = t_thread(reads, &left);
	threads[2] = t_thread(writes, &right);
	threads[3] = t_thread(reads, &right);
	T_EQ(zs_bridge(tty[has_slave], tty[has_slave], other[0], other[0], &(struct zs_options){
	     .idle_ns = T_MS(600) }, results), -1);
	T_EQ(errno, ETIMEDOUT);
	for (int i = 0; i < 4; i++)
		t_join(threads[i]);
	OK(left.right && right.right);
	T_EQ(results[0].bytes, LEN);
	T_EQ(results[1].bytes, LEN / 2);
	t_close2(tty);
	t_close2(other);
}

/* The far end of the terminal hangs up: the direction from it ends, and the other one fails when it has
 * something for the terminal. */
static void hung_up(int has_slave, int nonblock, int turned, int later)
{
	struct zs_result results[2];
	struct t_later hangs_up = { .ms = 10, .close = 1 }, sends = { .ms = later ? 200 : 0, .write = later ? "late" : NULL };
	int tty[2], other[2], returned;
	int64_t cpu = t_cpu_ms();
	pthread_t threads[2];
	char bytes[8];

	t_pty(tty);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	t_nonblock(tty[has_slave], nonblock);
	hangs_up.fd = tty[!has_slave];
	sends.fd = other[1];
	MUST(has_slave || write(tty[1], "last", 4) == 4);
	threads[0] = t_later(&hangs_up);
	threads[1] = t_later(&sends);
	MUST(later || shutdown(other[1], SHUT_WR) == 0);
	errno = 0;
	if (turned)
		returned = zs_bridge(other[0], other[0], tty[has_slave], tty[has_slave], NULL, results);
	else
		returned = zs_bridge(tty[has_slave], tty[has_slave], other[0], other[0], NULL, results);
	OK(returned == (later ? -1 : 0));
	OK(t_cpu_ms() - cpu < 150);
	T_EQ(results[turned].bytes, has_slave ? 0 : 4);
	if (later) {
		T_EQ(errno, EIO);
		T_EQ(results[!turned].error, EIO);
		T_EQ(results[!turned].side, ZS_SIDE_OUT);
		T_EQ(results[turned].error, 0);
		T_EQ(results[turned].side, 0);
		OK(results[!turned].bytes + results[!turned].in_flight == 4 || results[!turned].bytes == 0);
	} else {
		T_EQ(errno, 0);
		T_EQ(results[0].error, 0);
		T_EQ(results[1].error, 0);
	}
	if (!has_slave)
		OK(t_read(other[1], bytes, 4) == 4 && memcmp(bytes, "last", 4) == 0);
	OK(read(other[1], bytes, 8) == 0);
	t_join(threads[0]);
	t_join(threads[1]);
	MUST(close(tty[has_slave]) == 0);
	t_close2(other);
}

int main(void)
{
	MUST(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 4; i++) {
		joined(i & 1, 0, i >> 1);
		hung_up(0, i & 1, i >> 1, 0);
		hung_up(0, i & 1, i >> 1, 1);
		hung_up(1, i & 1, i >> 1, 0);
		hung_up(1, i & 1, i >> 1, 1);
	}
	joined(0, 1, 0);
	joined(0, 1, 1);
	return t_done();
}
