/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal that has hung up is EIO as an output, although its master would still take bytes. A slow terminal
 * gets every byte, blocking or not. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void hung_up(int has_slave, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	int tty[2];

	t_pty(tty);
	t_source(&source, T_FROM_FILE, 0, 100000);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	fan.fds[fan.count++] = tty[has_slave];
	t_nonblock(tty[has_slave], nonblock);
	MUST(close(tty[!has_slave]) == 0);
	errno = 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags), (flags & ZS_DROP_FAILED ? 100000 :
	     -1));
	T_EQ(errno, flags & ZS_DROP_FAILED ? 0 : EIO);
	T_EQ(fan.results[1].error, EIO);
	T_EQ(fan.results[1].side, ZS_SIDE_OUT);
	T_EQ(fan.results[1].bytes, 0);
	if (T_EQ(fan.results[0].error, 0))
		T_EQ(t_fan_got(&fan, 0), fan.results[0].bytes);
	MUST(close(tty[has_slave]) == 0);
	fan.count = 0;
	t_source_end(&source);
}

static void slow(int nonblock)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, 200001);
	t_fan_add(&fan, T_TO_PTY, nonblock, 100);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_PTY, nonblock, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), 200001);
	OK(t_fan_whole(&fan, 200001));
	t_source_end(&source);
}

int main(void)
{
	static const uint32_t flags[] = { 0, ZS_DROP_FAILED, ZS_STABLE, ZS_STABLE | ZS_DROP_FAILED };

	MUST(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < 4; i++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			hung_up(0, nonblock, flags[i]);
			hung_up(1, nonblock, flags[i]);
		}
	slow(0);
	slow(1);
	return t_done();
}
