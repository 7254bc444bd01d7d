/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Without read and write a bridge finds out all the same that a terminal has ended, that a file has, of which nothing
 * may be read on trial either, and that a full output is why nothing moves, whose pipe is full by slots. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_relay.h"

/* From `in` to `out`; nothing comes the other way. */
static int bridge(int in, int out, struct zs_result *results)
{
	const struct zs_options options = { .avoid = ZS_VIA_READ_WRITE, .timeout_ns = T_MS(10000) * t_slower() };
	int null = open("/dev/null", O_WRONLY), ended[2];

	MUST(null >= 0 && pipe(ended) == 0 && close(ended[1]) == 0);
	return zs_bridge(in, null, ended[0], out, &options, results);
}

static void terminal(void *argument)
{
	struct termios settings;
	struct zs_result results[2];
	int tty[2], out[2], ended;

	(void)argument;
	t_pty(tty);
	MUST(pipe(out) == 0 && tcgetattr(tty[1], &settings) == 0);
	settings.c_lflag |= ICANON;
	MUST(tcsetattr(tty[1], TCSANOW, &settings) == 0);
	t_write(tty[0], "\4", 1);
	ended = bridge(tty[1], out[1], results);
	if (ended == -1 && errno == EOPNOTSUPP)
		t_skip("this kernel does not splice from terminals");
	T_EQ(ended, 0);
	T_EQ(results[0].bytes, 0);
}

/* A sandbox that forbids the read that would prove the end. */
static void file(void *argument)
{
	struct zs_result results[2];
	int in = t_file(3000), out[2];

	(void)argument;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	t_refuse(T_SYS_PREAD, EPERM);
	T_EQ(bridge(in, out[1], results), 0);
	T_EQ(results[0].bytes, 3000);
	T_EQ(results[0].via, ZS_VIA_SPLICE);
	T_EQ(t_pull(out[0], 3000, 0), 3000);
}

struct late_reader { int fd; size_t got; };

static void *reads_late(void *argument)
{
	struct late_reader *it = argument;

	t_sleep_ms(50);
	it->got = t_pull(it->fd, SIZE_MAX, 0);
	return NULL;
}

static void slots(void *argument)
{
	struct late_reader reader = { 0 };
	struct zs_result results[2];
	size_t before = 0, pushed = 0, n;
	int in[2], out[2];
	pthread_t thread;

	(void)argument;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, in) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, out) == 0);
	t_nonblock(out[1], 1);
	while ((n = t_push(out[1], 1 << 20, before)) > 0)
		before += n;
	for (; pushed < 40; pushed++)
		MUST(t_push(in[1], 1, before + pushed) == 1);
	MUST(shutdown(in[1], SHUT_WR) == 0);
	reader.fd = out[0];
	thread = t_thread(reads_late, &reader);
	T_EQ(bridge(in[0], out[1], results), 0);
	T_EQ(results[0].bytes, pushed);
	T_EQ(results[0].copied, 0);
	MUST(shutdown(out[1], SHUT_WR) == 0);
	t_join(thread);
	T_EQ(reader.got, before + pushed);
}

int main(void)
{
	T_CHILD(terminal, NULL);
	T_CHILD(file, NULL);
	T_CHILD(slots, NULL);
	return t_done();
}
