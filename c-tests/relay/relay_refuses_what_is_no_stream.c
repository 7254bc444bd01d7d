/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* eventfds, timers, epoll descriptors and directories are refused, since they are no streams. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int refused(int in, int out, int error)
{
	zs_relay *relay;

	errno = 0x5a5a;
	relay = zs_relay_new(in, out, 10, NULL, 0);
	return relay == NULL && errno == error;
}

int main(void)
{
	struct t_relay it = t_relay_fds(T_A_UNIX, T_A_PIPE);
	sigset_t none;
	int count, fds[6];

	sigemptyset(&none);
	fds[0] = eventfd(1, 0);
	fds[1] = epoll_create1(0);
	fds[2] = timerfd_create(CLOCK_MONOTONIC, 0);
	fds[3] = signalfd(-1, &none, 0);
	fds[4] = inotify_init1(0);
	fds[5] = open(".", O_RDONLY | O_DIRECTORY);
	count = sizeof fds / sizeof *fds;
	for (int i = 0; i < count; i++) {
		/* The last two cannot be written anyway. */
		int out_error = i < 4 ? EPROTOTYPE : EBADF;

		MUST(fds[i] >= 0);
		OK(refused(fds[i], it.fd_out, EINVAL) && refused(it.fd_in, fds[i], i < 4 ? EINVAL : EBADF));
		t_nonblock(fds[i], 1);
		if (!OK(refused(fds[i], it.fd_out, EPROTOTYPE) && refused(it.fd_in, fds[i], out_error)))
			fprintf(stderr, "... the one at %d\n", i);
		OK(refused(fds[i], fds[i], out_error));
		MUST(close(fds[i]) == 0);
	}
	it.relay = NULL;
	t_relay_close(&it);
	return t_done();
}
