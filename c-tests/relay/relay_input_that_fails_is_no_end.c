/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal that refuses a program in the background (EIO, where SIGTTIN is ignored) has not ended, unlike one that has
 * hung up: a relay and a bridge from there fail, and pass no end on. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static const char *terminal;

/* As a job in the background of a session whose terminal this is. */
static int background_terminal(void)
{
	int fd;

	MUST(setsid() >= 0 && (fd = open(terminal, O_RDWR)) >= 0);
	MUST(ioctl(fd, TIOCSCTTY, 0) == 0);
	return fd;
}

static void in_background(void *argument)
{
	struct zs_options limit = { .size = sizeof limit, .timeout_ns = T_MS(300) };
	struct zs_result results[2];
	int fd = *(int *)argument, pair[2];
	zs_relay *relay;
	char byte;

	MUST(setpgid(0, 0) == 0 && signal(SIGTTIN, SIG_IGN) != SIG_ERR);
	MUST(read(fd, &byte, 1) == -1 && errno == EIO);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	T_EQ(zs_bridge(fd, fd, pair[0], pair[0], &limit, results), -1);
	T_EQ(errno, EIO);
	T_EQ(results[0].error, EIO);
	T_EQ(results[0].side, ZS_SIDE_IN);
	T_EQ(read(pair[1], &byte, 1), -1);
	T_EQ(errno, EAGAIN);

	t_nonblock(fd, 1);
	MUST((relay = zs_relay_new(fd, pair[0], ZS_TO_END, NULL, ZS_RELAY_SHUTDOWN)) != NULL);
	T_EQ(t_relay_run(relay, 0), -1);
	T_EQ(errno, EIO);
	T_EQ(zs_relay_has_ended(relay), 0);
	T_EQ(read(pair[1], &byte, 1), -1);
	zs_relay_free(relay);
	t_close2(pair);
}

static void in_session(void *argument)
{
	int fd = background_terminal();

	(void)argument;
	T_CHILD(in_background, &fd);
	MUST(close(fd) == 0);
}

int main(void)
{
	int pty[2];

	t_pty(pty);
	MUST((terminal = ptsname(pty[0])) != NULL);
	MUST(write(pty[0], "x", 1) == 1);
	T_CHILD(in_session, NULL);
	t_close2(pty);
	return t_done();
}
