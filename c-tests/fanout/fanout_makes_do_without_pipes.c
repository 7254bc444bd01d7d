/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where no descriptors are left, or too few, a buffer is used, and the outcome is the same. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 1000001

/* `spare` more descriptors can be opened. */
static void scarce(void *argument)
{
	static struct t_fan fan;
	rlim_t spare = *(rlim_t *)argument;
	struct t_source source;
	struct rlimit limit;
	int next, before;

	t_source(&source, T_FROM_FILE, 0, LEN);
	for (int i = 0; i < 6; i++)
		t_fan_add(&fan, (enum t_out)(i == 4 ? T_TO_FILE : i == 1 ? T_TO_APPEND : i), i & 1, 0);
	before = t_open_descriptors();
	next = dup(0);
	MUST(next >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)next + spare;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	errno = 123;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), LEN);
	T_EQ(errno, 123);
	T_EQ(fan.results[2].via, ZS_VIA_READ_WRITE);
	limit.rlim_cur = limit.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	T_EQ(t_open_descriptors(), before);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

static void refused(void *argument)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_TCP, 0, 0);
	t_deny(SYS_pipe2, T_FAILS(*(int *)argument));
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), LEN);
	T_EQ(fan.results[0].via, ZS_VIA_READ_WRITE);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

int main(void)
{
	for (rlim_t spare = 0; spare < 12; spare += spare ? 3 : 1)
		T_CHILD(scarce, &spare);
	T_CHILD(refused, &(int){ EMFILE });
	T_CHILD(refused, &(int){ ENFILE });
	T_CHILD(refused, &(int){ ENOMEM });
	T_CHILD(refused, &(int){ EPERM });
	return t_done();
}
