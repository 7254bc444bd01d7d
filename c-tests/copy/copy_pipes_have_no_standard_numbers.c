// SPDX-License-Identifier: MIT OR Apache-2.0
/* A program has closed standard input, output and error: the library's pipes do not get these numbers, so that
 * what somebody still writes there does not end up in the data. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN ((size_t)1 << 20)

static int in_use;

/* What any other thread might do: log. */
static int logs(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	for (int fd = 0; fd < 3; fd++)
		in_use += write(fd, "log", 3) != -1 || errno != EBADF;
	return 0;
}

static void *feeds(void *argument)
{
	char bytes[4096];

	for (size_t at = 0; at < LEN; at += sizeof bytes) {
		t_pattern(bytes, sizeof bytes, at);
		t_write(*(int *)argument, bytes, sizeof bytes);
	}
	MUST(close(*(int *)argument) == 0);
	return argument;
}

/* A copy of its own of a descriptor, away from the standard numbers. */
static int away(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	MUST(moved >= 10 && close(fd) == 0);
	return moved;
}

int main(void)
{
	struct zs_result results[2];
	int kept[3], sides[2], outs[2], ended[2];
	pthread_t thread;

	for (int fd = 0; fd < 3; fd++)
		kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	for (int fan = 0; fan < 2; fan++) {
		struct zs_options options = { .size = sizeof options, .progress = logs };

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sides) == 0);
		sides[0] = away(sides[0]);
		sides[1] = away(sides[1]);
		outs[0] = away(t_file(0));
		outs[1] = away(t_file(0));
		thread = t_thread(feeds, &sides[1]);
		for (int fd = 0; fd < 3; fd++)
			close(fd);
		if (fan)
			ended[1] = zs_fanout(sides[0], NULL, outs, 2, ZS_TO_END, &options, results) == (int64_t)LEN;
		else
			ended[0] = zs_copy(sides[0], NULL, outs[0], NULL, ZS_TO_END, &options, results) == (int64_t)LEN;
		for (int fd = 0; fd < 3; fd++)
			if (kept[fd] >= 0)
				dup2(kept[fd], fd);
		t_join(thread);
		OK(ended[fan] && in_use == 0);
		OK(results[0].via & ZS_VIA_SPLICE && results[0].error == 0);
		OK(t_has_pattern(outs[0], 0, LEN, 0) && t_size(outs[0]) == (int64_t)LEN);
		OK(!fan || (t_has_pattern(outs[1], 0, LEN, 0) && t_size(outs[1]) == (int64_t)LEN));
		MUST(close(sides[0]) == 0 && close(outs[0]) == 0 && close(outs[1]) == 0);
	}
	return t_done();
}
