/* Inputs and outputs of the sections: files, pipes, sockets, whole programs.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef ENDS_H
#define ENDS_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MiB (1 << 20)
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* SO_SNDBUF: with the kernel's default the receiver's buffer overflows at times on the loopback device, and
 * the figure then shows how TCP recovers from a loss. */
enum { ROOM = 512 << 10 };

static inline size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Fills the unnamed file `fd` with `size` bytes. */
static inline int file_of(int fd, size_t size)
{
	static char piece[1 << 20];

	MUST(fd >= 0);
	memset(piece, 'z', sizeof piece);
	for (ssize_t put; size > 0; size -= (size_t)put)
		MUST((put = write(fd, piece, least(size, sizeof piece))) > 0);
	return fd;
}

/* A file without a name, in the working folder and on its file system. */
static inline int unnamed(void)
{
	char name[] = "bench-XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	MUST(fd >= 0 && unlink(name) == 0);
	return fd;
}

static inline int grow(int fd, int bytes)
{
	return fcntl(fd, F_SETPIPE_SZ, bytes) >= bytes;
}

static inline void close_pair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* A listening socket at any port of the loopback device, which is stored in `here`. */
static inline int listener(struct sockaddr_in *here)
{
	socklen_t len = sizeof *here;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*here = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	MUST(fd >= 0 && bind(fd, (struct sockaddr *)here, sizeof *here) == 0);
	MUST(listen(fd, 4096) == 0 && getsockname(fd, (struct sockaddr *)here, &len) == 0);
	return fd;
}

/* Makes a TCP connection: ends[1] is written, ends[0] read. */
static inline void tcp(int ends[2])
{
	struct sockaddr_in here;
	int room = ROOM, listening = listener(&here);

	MUST((ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
	MUST(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
	MUST(connect(ends[1], (struct sockaddr *)&here, sizeof here) == 0);
	MUST((ends[0] = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0);
	close(listening);
}

/* Forks a child that is killed when we end; returns 0 in the child. */
static inline pid_t child(void)
{
	pid_t pid;

	fflush(stdout);
	MUST((pid = fork()) >= 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static inline void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Starts a program with `in` and `out` as its standard input and output. */
static inline pid_t start(const char *const *words, int in, int out)
{
	pid_t pid;

	MUST((pid = vfork()) >= 0);
	if (pid == 0) {
		dup2(in, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		execvp(words[0], (char *const *)words);
		_exit(127);
	}
	return pid;
}

static inline bool ends_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* Whether a program of that name is installed. */
static inline bool found(const char *name)
{
	const char *words[] = { "sh", "-c", "command -v \"$0\" > /dev/null", name, NULL };

	return ends_well(start(words, STDIN_FILENO, STDERR_FILENO));
}

/* Enters a network namespace with a congestion control that does not pace: if the system's default paces
 * (bbr), its timers would be measured. Without the privilege to do so, uses the system's network. */
static inline void own_network(void)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = -1, control;

	if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
		missing("a network of our own", "not allowed: TCP as this system has it");
		return;
	}
	MUST((fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) >= 0 && ioctl(fd, SIOCSIFFLAGS, &up) == 0);
	close(fd);
	control = open("/proc/sys/net/ipv4/tcp_congestion_control", O_WRONLY | O_CLOEXEC);
	if (control < 0 || write(control, "reno", 4) != 4)
		missing("reno", "not allowed: TCP as this system has it");
	close(control);
}

#endif
