/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A fan-out changes no flag of a descriptor, closes none, and leaves none open. Pipes keep their size unless
 * ZS_GROW_PIPE is given, and the descriptors that it opens meanwhile are closed on exec. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 600001

static void left(enum t_from from, int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	struct t_source source;
	int before[T_OUTS][2], in_flags, count;

	t_source(&source, from, nonblock, LEN);
	for (int i = 0; i < T_OUTS; i++) {
		if (i != T_TO_PTY)
			t_fan_add(&fan, (enum t_out)i, nonblock, 0);
	}
	for (size_t i = 0; i < fan.count; i++) {
		before[i][0] = fcntl(fan.fds[i], F_GETFL);
		before[i][1] = fcntl(fan.fds[i], F_GETFD);
	}
	in_flags = fcntl(source.fd, F_GETFL);
	count = t_open_descriptors();
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = flags), LEN);
	T_EQ(fcntl(source.fd, F_GETFL), in_flags);
	for (size_t i = 0; i < fan.count; i++)
		OK(fcntl(fan.fds[i], F_GETFL) == before[i][0] && fcntl(fan.fds[i], F_GETFD) == before[i][1]);
	T_EQ(fcntl(fan.fds[0], F_GETPIPE_SZ), flags & ZS_GROW_PIPE ? 1 << 20 : 65536);
	/* The writer of the input closes its end when it is done. */
	t_sleep_ms(2);
	OK(t_open_descriptors() <= count && t_open_descriptors() >= count - 1);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

static volatile int are_private = 1;

static int look(void *context, const struct zs_result *so_far)
{
	int *open_before = context;

	(void)so_far;
	for (int fd = 0; fd < 128; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !open_before[fd] && !(flags & FD_CLOEXEC))
			are_private = 0;
	}
	return 0;
}

int main(void)
{
	static struct t_fan fan;
	static int open_before[128];
	struct t_source source;

	for (int from = 0; from < T_FROMS; from++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			left((enum t_from)from, nonblock, 0);
			left((enum t_from)from, nonblock, ZS_GROW_PIPE);
			left((enum t_from)from, nonblock, ZS_STABLE);
		}
	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	for (int fd = 0; fd < 128; fd++)
		open_before[fd] = fcntl(fd, F_GETFD) >= 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .progress = look, .context = open_before), LEN);
	OK(are_private);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
	return t_done();
}
