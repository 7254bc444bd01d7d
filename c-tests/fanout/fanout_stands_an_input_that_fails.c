/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An error of the input ends the call after the bytes that came before it, and all results have it, except that
 * a dropped output keeps its own. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void *resets(void *argument)
{
	int fd = *(int *)argument;

	t_sleep_ms(20);
	t_reset(fd);
	return NULL;
}

static void reset(int nonblock, size_t before, uint32_t avoid)
{
	static struct t_fan fan;
	static char bytes[200000];
	pthread_t thread;
	int tcp[2];

	t_tcp_pair(tcp, 0, 1 << 20);
	t_nonblock(tcp[1], nonblock);
	t_pattern(bytes, before, 0);
	t_write(tcp[0], bytes, before);
	t_fan_add(&fan, T_TO_PIPE, nonblock, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	MUST(close(fan.fds[2]) == 0 && (fan.fds[2] = open("/dev/full", O_WRONLY)) >= 0);
	thread = t_thread(resets, &tcp[0]);
	T_EQ(T_FANOUT(tcp[1], NULL, &fan, ZS_TO_END, .avoid = avoid, .flags = ZS_DROP_FAILED), -1);
	T_EQ(errno, ECONNRESET);
	t_join(thread);
	for (int i = 0; i < 2; i++) {
		T_EQ(fan.results[i].error, ECONNRESET);
		T_EQ(fan.results[i].side, ZS_SIDE_IN);
		T_EQ(fan.results[i].bytes, before);
		T_EQ(fan.results[i].in_flight, 0);
		T_EQ(t_fan_got(&fan, (size_t)i), before);
	}
	T_EQ(fan.results[2].error, before ? ENOSPC : ECONNRESET);
	T_EQ(fan.results[2].bytes, 0);
	MUST(close(fan.fds[2]) == 0 && close(tcp[1]) == 0);
	fan.count = 0;
}

static void fails(int in, int error)
{
	static struct t_fan fan;

	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, .flags = ZS_DROP_FAILED), -1);
	T_EQ(errno, error);
	for (int i = 0; i < 2; i++) {
		OK(T_IS(fan.results[i], .index = (uint32_t)i, .error = error, .side = ZS_SIDE_IN));
		T_EQ(t_fan_got(&fan, (size_t)i), 0);
	}
	fan.count = 0;
}

int main(void)
{
	int folder = open(".", O_RDONLY), writes = t_reopen(t_file(10), O_WRONLY), loose = socket(AF_INET, SOCK_STREAM, 0);

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		reset(nonblock, 0, 0);
		reset(nonblock, 1000, 0);
		reset(nonblock, sizeof "four", ZS_VIA_TEE);
		reset(nonblock, 0, ZS_VIA_SPLICE);
	}
	fails(folder, EISDIR);
	fails(writes, EBADF);
	fails(loose, ENOTCONN);
	return t_done();
}
