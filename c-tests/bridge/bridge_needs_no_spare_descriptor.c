/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge works with as many descriptors open as RLIMIT_NOFILE allows, three or four. It opens none, and
 * passes each to poll(2) only once, since poll(2) refuses more entries than that limit. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 300000

enum { SOCKETS, CANCELLABLE, STDIO, SCENES };

struct scene {
	int what, nonblock;
};

/* The bridge's ends come first, then the far ends. */
static int a_in[2], a_out[2], b[2], cancel[2];

static void *gives(void *argument)
{
	static __thread char bytes[LEN];
	int fd = *(int *)argument;

	t_sleep_ms(10);
	t_pattern(bytes, LEN, 0);
	t_write(fd, bytes, LEN);
	if (shutdown(fd, SHUT_WR) != 0)
		MUST(close(fd) == 0);
	return NULL;
}

/* A process that has both far ends. */
static void far_ends(int has_pipes)
{
	pthread_t threads[2];
	char byte;

	MUST(close(a_in[0]) == 0 && (!has_pipes || close(a_out[0]) == 0) && close(b[0]) == 0);
	threads[0] = t_thread(gives, &a_in[1]);
	threads[1] = t_thread(gives, &b[1]);
	OK(t_gives_pattern(b[1], LEN, 0));
	OK(t_gives_pattern(a_out[1], LEN, 0));
	/* A child that exits before the end has failed. */
	if (T_EQ(t_read(b[1], &byte, 1), 0))
		T_EQ(t_read(a_out[1], &byte, 1), 0);
	t_join(threads[0]);
	t_join(threads[1]);
}

/* Puts these, which are far up, at 0, 1, 2, ... (-1: as it is) and closes all others. */
static void low(const int *fds, int count)
{
	struct rlimit limit = { (rlim_t)count, (rlim_t)count };

	for (int i = 0; i < count; i++)
		MUST(fds[i] < 0 || dup2(fds[i], i) == i);
	for (int fd = count; fd < 200; fd++)
		(void)close(fd);
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0 && dup(0) == -1);
}

static void high(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		int fd = fcntl(fds[i], F_DUPFD, 100);

		MUST(fd >= 0 && close(fds[i]) == 0);
		fds[i] = fd;
	}
}

static void scarce(void *argument)
{
	const struct scene *scene = argument;
	struct zs_options options = { .timeout_ns = T_MS(5000), .idle_ns = T_MS(5000) };
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int status, has_pipes = scene->what == STDIO, fds[2];
	pid_t child;

	if (has_pipes) {
		MUST(pipe(a_in) == 0 && pipe(fds) == 0);
		a_out[0] = fds[1];
		a_out[1] = fds[0];
		high(a_out);
	} else {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a_in) == 0);
	}
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
	high(a_in);
	high(b);
	if (!has_pipes)
		memcpy(a_out, a_in, sizeof a_in);
	MUST((child = fork()) >= 0);
	if (child == 0) {
		far_ends(has_pipes);
		_exit(t_done());
	}
	t_nonblock(a_in[0], scene->nonblock);
	t_nonblock(b[0], scene->nonblock);
	if (has_pipes)
		low((int[]){ a_in[0], a_out[0], -1, b[0] }, 4);
	else
		low((int[]){ a_in[0], b[0], scene->what == CANCELLABLE ? cancel[0] : -1 }, 3);
	options.flags = scene->what == CANCELLABLE ? ZS_CANCEL_FD : 0;
	options.cancel_fd = 2;
	errno = 123;
	if (!OK((has_pipes ? zs_bridge(0, 1, 3, 3, &options, results)
			   : zs_bridge(0, 0, 1, 1, &options, results)) == 0 && errno == 123))
		MUST(kill(child, SIGKILL) == 0);
	T_EQ(results[0].bytes, LEN);
	T_EQ(results[1].bytes, LEN);
	MUST(close(1) == 0); /* its reader sees the end */
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
}

int main(void)
{
	/* Its other end stays open here. */
	MUST(pipe(cancel) == 0);
	high(cancel);
	for (int what = 0; what < SCENES; what++)
		for (int nonblock = 0; nonblock < 2; nonblock++) {
			struct scene scene = { what, nonblock };

			if (!T_EQ(t_child(scarce, &scene), 0))
				fprintf(stderr, "... what %d nonblock %d\n", what, nonblock);
		}
	return t_done();
}
