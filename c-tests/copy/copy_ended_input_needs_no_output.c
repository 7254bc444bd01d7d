/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An input that has ended ends the copy, although the output pipe is full and stays full, or has no reader, which
 * is an error, with a signal, only for a byte. A copy with read(2) and write(2) would not write at all. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

enum input { A_PIPE, A_UNIX, A_TCP, A_FILE, NULL_DEVICE, A_SYSFS, INPUTS };

static int open_input(enum input input)
{
	char bytes[4096];
	int fds[2];

	switch (input) {
	case A_FILE:
		fds[0] = t_file(100);
		MUST(lseek(fds[0], 100, SEEK_SET) == 100);
		return fds[0];
	case NULL_DEVICE:
		return open("/dev/null", O_RDONLY);
	case A_SYSFS:
		fds[0] = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);
		if (fds[0] < 0)
			return open("/dev/null", O_RDONLY);
		MUST(read(fds[0], bytes, sizeof bytes) > 0);
		return fds[0];
	default:
		t_stream((enum t_stream)input, fds);
		MUST(close(fds[1]) == 0);
		return fds[0];
	}
}

static void ended(enum input input, int is_full, int nonblock, int64_t timeout)
{
	struct zs_result result = t_unwritten();
	int in = open_input(input), out[2];

	MUST(in >= 0 && pipe(out) == 0);
	if (is_full)
		(void)t_fill_pipe(out[1]);
	else
		MUST(close(out[0]) == 0);
	t_nonblock(out[1], nonblock);
	t_signals = 0;
	if (!OK(T_COPY(in, NULL, out[1], NULL, ZS_TO_END, &result, .timeout_ns = timeout) == 0))
		fprintf(stderr, "... input %d, full %d, nonblock %d, timeout %lld\n", input, is_full, nonblock,
			(long long)timeout);
	T_EQ(t_signals, 0);
	OK(T_IS(result, .bytes = 0));
	MUST(close(in) == 0 && close(out[1]) == 0 && (!is_full || close(out[0]) == 0));
}

/* A socket that is no connection has failed, which comes first, too. */
static void not_connected(void)
{
	int in = socket(AF_UNIX, SOCK_STREAM, 0), out[2];

	MUST(in >= 0 && pipe(out) == 0 && close(out[0]) == 0);
	t_signals = 0;
	T_EQ(zs_copy(in, NULL, out[1], NULL, ZS_TO_END, NULL, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(t_signals, 0);
	MUST(close(in) == 0 && close(out[1]) == 0);
}

/* Nor does a file at its end need a terminal that has not hung up. */
static void hung_up(void)
{
	int in = t_file(100), pty[2];

	t_pty(pty);
	MUST(lseek(in, 100, SEEK_SET) == 100 && close(pty[0]) == 0);
	T_EQ(zs_copy(in, NULL, pty[1], NULL, ZS_TO_END, NULL, NULL), 0);
	MUST(close(in) == 0 && close(pty[1]) == 0);
}

int main(void)
{
	MUST(signal(SIGPIPE, t_count_signal) != SIG_ERR);
	/* With a timeout first: without one a copy that waits would wait for ever. */
	for (int timed = 1; timed >= 0 && t_failures == 0; timed--)
		for (int input = 0; input < INPUTS; input++)
			for (int how = 0; how < 4; how++)
				ended((enum input)input, how & 1, how & 2, timed ? T_MS(300) : 0);
	not_connected();
	hung_up();
	return t_done();
}
