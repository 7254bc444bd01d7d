/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tests prepare: descriptors, threads, signals, refused system calls, child processes. Included by t.h. */
#ifndef T_SETUP_H
#define T_SETUP_H

/* ---- Descriptors ---- */

static inline void t_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	MUST(flags >= 0);
	MUST(fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0);
}

static inline void t_close2(const int fds[2])
{
	MUST(close(fds[0]) == 0 && close(fds[1]) == 0);
}

/* What poll(2) reports without waiting: these events and errors. */
static inline int t_ready(int fd, short events)
{
	struct pollfd one = { .fd = fd, .events = events };

	MUST(poll(&one, 1, 0) >= 0);
	return one.revents;
}

/* A file without a name in the current directory, open for reading and writing, of `len` bytes of
 * the pattern; its position is 0. */
static inline int t_file(size_t len)
{
	char name[] = "t-XXXXXX";
	int fd = mkstemp(name);

	MUST(fd >= 0 && unlink(name) == 0);
	t_write_pattern(fd, len);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* The same file again, opened with other flags (O_RDONLY, O_APPEND, O_PATH, ...). */
static inline int t_reopen(int fd, int flags)
{
	char name[64];

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	fd = open(name, flags);
	MUST(fd >= 0);
	return fd;
}

/* Two connected, blocking TCP sockets on the loopback, TCP_NODELAY. `sndbuf` of [0] and `rcvbuf` of
 * [1] in bytes, 0: the system's. */
static inline void t_tcp_pair(int fds[2], int sndbuf, int rcvbuf)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	MUST(listener >= 0 && (fds[0] = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	MUST(!rcvbuf || setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf) == 0);
	MUST(!sndbuf || setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof sndbuf) == 0);
	MUST(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	MUST(connect(fds[0], (struct sockaddr *)&at, sizeof at) == 0);
	MUST((fds[1] = accept(listener, NULL, NULL)) >= 0);
	for (int i = 0; i < 2; i++)
		MUST(setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
	MUST(close(listener) == 0);
}

/* Closes `fd` with a reset of the connection. */
static inline void t_reset(int fd)
{
	struct linger none = { .l_onoff = 1 };

	MUST(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0 && close(fd) == 0);
}

/* Sends an urgent byte, and waits until the reader of `far` has all that came before: a second one would make the
 * first a byte like the others where that has not been passed. */
static inline void t_send_urgent(int fd, int far)
{
	int left;

	MUST(send(fd, "!", 1, MSG_OOB) == 1);
	while (ioctl(fd, TIOCOUTQ, &left) == 0 && left > 0)
		(void)usleep(100);
	while (ioctl(far, FIONREAD, &left) == 0 && left > 0)
		(void)usleep(100);
}

/* SO_RCVTIMEO or SO_SNDTIMEO. */
static inline void t_timeout_ms(int fd, int option, int ms)
{
	struct timeval time = { ms / 1000, ms % 1000 * 1000 };

	MUST(setsockopt(fd, SOL_SOCKET, option, &time, sizeof time) == 0);
}

/* Fills a pipe to the last byte. Returns how many went in. */
static inline size_t t_fill_pipe(int fd)
{
	static const char zeroes[T_PAGE];
	int flags = fcntl(fd, F_GETFL);
	size_t filled = 0;
	ssize_t n;

	t_nonblock(fd, 1);
	while ((n = write(fd, zeroes, sizeof zeroes)) > 0 || (n = write(fd, zeroes, 1)) > 0)
		filled += (size_t)n;
	MUST(errno == EAGAIN && fcntl(fd, F_SETFL, flags) == 0);
	return filled;
}

/* Fills a pipe by slots, with one byte in each: 16 bytes fill 64 KiB. Returns how many went in. */
static inline size_t t_fill_slots(int fd)
{
	static char zero;
	struct iovec piece = { &zero, 1 };
	size_t filled = 0;

	while (vmsplice(fd, &piece, 1, SPLICE_F_NONBLOCK) == 1)
		filled++;
	MUST(errno == EAGAIN);
	return filled;
}

/* Fills a socket until it takes nothing for a while: TCP takes a little more after the delayed acknowledgement
 * of its peer, 40 ms later. Returns how many bytes went in. */
static inline size_t t_fill_socket(int fd)
{
	static const char zeroes[16384];
	int domain, patience;
	socklen_t len = sizeof domain;
	size_t filled = 0;

	MUST(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0);
	patience = domain == AF_UNIX ? 1 : 8;
	for (int idle = 0; idle < patience;) {
		ssize_t n = send(fd, zeroes, sizeof zeroes, MSG_DONTWAIT | MSG_NOSIGNAL);

		MUST(n > 0 || errno == EAGAIN);
		filled += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		if (n < 0 && idle < patience)
			t_sleep_ms(10);
	}
	return filled;
}

/* ---- Threads. They take no signal, so that those find the thread that is tested. ---- */

static inline pthread_t t_thread(void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	MUST(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
	MUST(pthread_create(&thread, NULL, run, argument) == 0);
	MUST(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	return thread;
}

static inline void t_join(pthread_t thread)
{
	MUST(pthread_join(thread, NULL) == 0);
}

/* Something that a thread does to a descriptor after a while: t_join(t_later(&it)). */
struct t_later {
	int ms;               /* from now */
	int fd;
	const char *write;    /* written then */
	size_t drain;         /* how many bytes are read and dropped */
	int close;            /* whether it is closed in the end */
};

static inline void *t_later_run(void *argument)
{
	struct t_later *it = argument;

	t_sleep_ms(it->ms);
	if (it->write)
		t_write(it->fd, it->write, strlen(it->write));
	t_drain(it->fd, it->drain);
	MUST(!it->close || close(it->fd) == 0);
	return NULL;
}

static inline pthread_t t_later(struct t_later *it)
{
	return t_thread(t_later_run, it);
}

/* ---- Signals ---- */

static volatile sig_atomic_t t_signals;

static inline void t_count_signal(int signal)
{
	(void)signal;
	t_signals++;
}

/* Sends SIGALRM every `us` microseconds, with a handler without SA_RESTART; 0 stops it. t_signals counts the
 * signals. They come as much more rarely as everything is slower: handlers would take all the time. */
static inline void t_signal_storm(int us)
{
	struct sigaction action = { .sa_handler = t_count_signal };
	int period = us * t_slower();
	struct timeval after = { period / 1000000, period % 1000000 };
	struct itimerval every = { after, after };

	MUST(sigaction(SIGALRM, &action, NULL) == 0);
	MUST(setitimer(ITIMER_REAL, &every, NULL) == 0);
}

/* ---- The kernel's refusals ---- */

/* Skips the test where there are no filters, as under qemu-user. */
static inline void t_seccomp_filter(struct sock_fprog *program)
{
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) != 0)
		t_skip("there are no seccomp(2) filters here");
}

/* A filter that reports system calls to the descriptor which is returned. Skips the test where there is
 * none: it is of Linux 5.0, to let a call pass of 5.5, and qemu-user has neither. */
static inline int t_seccomp_listener(struct sock_fprog *program)
{
	int listener;

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	if (listener < 0)
		t_skip("there is no seccomp(2) user notification here");
	return listener;
}

/* From now on the system call `number` fails with `error` in this thread. It cannot be undone: run it in a
 * child (t_child). */
static inline void t_refuse(long number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	t_seccomp_filter(&program);
}

/* As a sandbox that knows neither poll(2) nor ppoll(2). */
static inline void t_refuse_poll(void)
{
	t_refuse(SYS_ppoll, EPERM);
#ifdef SYS_poll
	t_refuse(SYS_poll, EPERM);
#endif
}

/* ---- Kernels that cannot do what a test needs ---- */

/* Whether the kernel is older than this version. */
static inline int t_kernel_is_older(int major, int minor)
{
	struct utsname name;
	int is_major, is_minor;

	MUST(uname(&name) == 0 && sscanf(name.release, "%d.%d", &is_major, &is_minor) == 2);
	return is_major < major || (is_major == major && is_minor < minor);
}

/* Skips the test where a read of a pipe cannot be told not to wait (RWF_NOWAIT of pipes: Linux 6.4). */
static inline void t_need_nowait_of_pipes(void)
{
	char byte = 'x';
	struct iovec piece = { &byte, 1 };
	int fds[2];

	MUST(pipe(fds) == 0 && write(fds[1], &byte, 1) == 1);
	if (syscall(SYS_preadv2, fds[0], &piece, 1L, -1L, -1L, RWF_NOWAIT) != 1)
		t_skip("RWF_NOWAIT is not for pipes here: Linux 6.4 and later have that");
	t_close2(fds);
}

/* Runs `story` in a child. If a check fails there, the test fails. */
#define T_CHILD(story, argument) \
	t_check(t_child(story, argument) == 0, __FILE__, __LINE__, "child that runs " #story " succeeds")

static inline int t_child(void (*story)(void *), void *argument)
{
	int status;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		t_failures = 0;
		t_start_time_limit();
		story(argument);
		_exit(t_done());
	}
	MUST(waitpid(child, &status, 0) == child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		t_skip("a child of the test cannot run");
	return status;
}

#endif
