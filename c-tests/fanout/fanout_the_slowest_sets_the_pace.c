/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The slowest output determines the speed: the others get no more than a few MiB ahead of it, and no CPU is
 * used while all wait for it. When it reads again, all continue. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (32 << 20)

/* The file that is the first output, through a descriptor that stays open. */
static int first;

static void *slow(void *argument)
{
	t_sleep_ms(150);
	OK(t_size(first) <= 4 << 20);
	return t_output_run(argument);
}

static void paced(enum t_from from, enum t_out slowest, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	struct t_output *last;
	int64_t cpu;

	t_source(&source, from, nonblock, LEN);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, nonblock, 0);
	last = t_fan_add(&fan, slowest, nonblock, -1);
	last->pause_us = 0;
	first = t_reopen(fan.fds[0], O_RDONLY);
	last->reader = t_thread(slow, last);
	cpu = t_cpu_ms();
	T_EQ(T_FANOUT(source.fd, NULL, &fan, LEN, .flags = flags), LEN);
	OK(t_cpu_ms() - cpu < 1000);
	OK(t_fan_whole(&fan, LEN));
	MUST(close(first) == 0);
	t_source_end(&source);
}

int main(void)
{
	paced(T_FROM_FILE, T_TO_PIPE, 0, 0);
	paced(T_FROM_FILE, T_TO_TCP, 1, ZS_STABLE);
	paced(T_FROM_UNIX, T_TO_UNIX, 1, 0);
	return t_done();
}
