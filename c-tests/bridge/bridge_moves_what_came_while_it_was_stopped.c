/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A process that was stopped for longer than idle_ns finds bytes when it goes on: they are moved, and the time
 * without any begins then. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void bridges(struct t_side *a, struct t_side *b)
{
	struct zs_result results[2];

	T_EQ(T_BRIDGE(a, b, results, .idle_ns = T_MS(700)), 0);
	T_EQ(results[0].bytes, 8);
	_exit(t_done());
}

static void stopped(int nonblock)
{
	struct t_side a, b;
	char bytes[8];
	int status;
	pid_t child;

	t_scene("nonblock %d", nonblock);
	t_side(&a, T_BY_UNIX, nonblock, 0, 0);
	t_side(&b, T_BY_UNIX, nonblock, 0, 0);
	MUST((child = fork()) >= 0);
	if (child == 0)
		bridges(&a, &b);
	t_write(a.far_out, "some", 4);
	MUST(t_read(b.far_in, bytes, 4) == 4);
	MUST(kill(child, SIGSTOP) == 0);
	t_write(a.far_out, "more", 4);
	t_sleep_ms(800);
	MUST(kill(child, SIGCONT) == 0);
	OK(poll(&(struct pollfd){ .fd = b.far_in, .events = POLLIN }, 1, 5000) == 1 &&
	   recv(b.far_in, bytes, 4, MSG_DONTWAIT) == 4);
	MUST(shutdown(a.far_out, SHUT_WR) == 0 && shutdown(b.far_out, SHUT_WR) == 0);
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(a.far_in) == 0 && close(b.far_in) == 0);
}

int main(void)
{
	for (int i = 0; i < 2; i++) {
		stopped(0);
		stopped(1);
	}
	return t_done();
}
