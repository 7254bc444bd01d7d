/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal reports its end (^D) once, to whichever call asks first: the relay ends. Behind a full pipe, too,
 * where only a read of the terminal, or of a device that has ended, shows it. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

/* A canonical terminal; typed at fds[0]. */
static void canonical(int fds[2])
{
	struct termios settings;

	t_pty(fds);
	MUST(tcgetattr(fds[1], &settings) == 0);
	settings.c_lflag |= ICANON;
	settings.c_lflag &= ~(tcflag_t)ECHO;
	MUST(tcsetattr(fds[1], TCSANOW, &settings) == 0);
	t_nonblock(fds[1], 1);
}

static void typed(enum t_stream out, const char *line, uint32_t flags)
{
	struct t_relay it = t_relay_fds(T_A_UNIX, out);
	int tty[2];
	char bytes[16];

	t_scene("%zu bytes and ^D to %s, flags %#x", strlen(line), t_stream_name(out), flags);
	canonical(tty);
	MUST((it.relay = zs_relay_new(tty[1], it.fd_out, ZS_TO_END, NULL, flags)) != NULL);
	T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ);
	t_write(tty[0], line, strlen(line));
	t_write(tty[0], "\4", 1);
	T_EQ(t_relay_run(it.relay, 0), 0);
	T_EQ(zs_relay_has_ended(it.relay), 1);
	if (*line)
		T_EQ(read(it.out, bytes, 16), strlen(line));
	t_relay_close(&it);
	t_close2(tty);
}

static void behind_a_full_pipe(int fd_in)
{
	struct t_relay it = t_relay_fds(T_A_UNIX, T_A_PIPE);

	MUST(t_fill_pipe(it.fd_out) > 0);
	MUST((it.relay = zs_relay_new(fd_in, it.fd_out, ZS_TO_END, NULL, 0)) != NULL);
	T_EQ(t_relay_run(it.relay, 0), 0);
	T_EQ(zs_relay_has_ended(it.relay), 1);
	t_relay_close(&it);
}

int main(void)
{
	int null, tty[2];

	for (int out = 0; out < T_A_PTY; out++)
		for (int i = 0; i < 2; i++) {
			typed((enum t_stream)out, "", i ? ZS_STABLE : 0);
			typed((enum t_stream)out, "line\n", i ? ZS_STABLE : 0);
		}
	t_scene("/dev/null and a full pipe");
	MUST((null = open("/dev/null", O_RDONLY | O_NONBLOCK)) >= 0);
	behind_a_full_pipe(null);
	MUST(close(null) == 0);
	t_scene("^D and a full pipe");
	canonical(tty);
	t_write(tty[0], "\4", 1);
	behind_a_full_pipe(tty[1]);
	t_close2(tty);
	t_scene("a master without a slave and a full pipe");
	canonical(tty);
	t_nonblock(tty[0], 1);
	MUST(close(tty[1]) == 0);
	behind_a_full_pipe(tty[0]);
	MUST(close(tty[0]) == 0);
	return t_done();
}
