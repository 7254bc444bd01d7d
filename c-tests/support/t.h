/* What the tests share. A test includes <zsplice.h> first, then this. It sets a scene up with
 * MUST, looks at what happened with OK, and ends with `return t_done();`. A hang ends it after
 * T_LIMIT seconds. Nothing is left behind: files have no name, children die with us.
 * t_setup.h, which comes along: descriptors, threads, signals, refusals. */
#ifndef T_H
#define T_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define T_LIMIT 20
#define T_PAGE 4096

/* Set-up: says what failed, and ends the test. Leaves errno as the condition left it. */
#define MUST(condition) ((condition) ? (void)0 : t_must_failed(__FILE__, __LINE__, #condition))
/* A check: says what failed, and goes on. Is worth the condition. Leaves errno alone. */
#define OK(condition) t_check((condition), __FILE__, __LINE__, #condition)

static int t_failures;

static inline void t_must_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: set-up failed: %s (%s)\n", file, line, condition, strerror(errno));
	_exit(1);
}

static inline int t_check(int holds, const char *file, int line, const char *condition)
{
	int before = errno;

	if (!holds) {
		__atomic_add_fetch(&t_failures, 1, __ATOMIC_SEQ_CST);
		fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", file, line, condition, before);
	}
	errno = before;
	return holds;
}

/* What main returns. */
static inline int t_done(void)
{
	return t_failures != 0;
}

static inline void t_skip(const char *reason)
{
	printf("skipped: %s\n", reason);
	exit(t_failures ? 1 : 77);
}

/* Where the random begins: the same every time, unless told otherwise. */
static inline uint64_t t_seed(void)
{
	const char *told = getenv("ZS_TEST_SEED");

	return told ? strtoull(told, NULL, 0) : 20261120;
}

/* ---- Time ---- */

static inline int64_t t_clock_ms(clockid_t clock)
{
	struct timespec now;

	MUST(clock_gettime(clock, &now) == 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t t_now_ms(void)
{
	return t_clock_ms(CLOCK_MONOTONIC);
}

/* What this process, all its threads, has used. */
static inline int64_t t_cpu_ms(void)
{
	return t_clock_ms(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void t_sleep_ms(int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static inline void t_hung(int signal)
{
	static const char message[] = "hung: the time of the test is over\n";

	(void)!write(2, message, sizeof message - 1);
	_exit(128 + signal);
}

/* Started for main by itself; for a child by t_child. Leaves alarm(2) and setitimer(2) free. */
__attribute__((constructor)) static void t_start_time_limit(void)
{
	struct sigaction action = { .sa_handler = t_hung };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX };
	struct itimerspec limit = { .it_value.tv_sec = T_LIMIT };
	timer_t timer;

	MUST(sigaction(SIGRTMAX, &action, NULL) == 0);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	MUST(timer_settime(timer, 0, &limit, NULL) == 0);
}

/* ---- Bytes. Byte p of the pattern depends on p only, and no two stretches look alike. ---- */

static inline unsigned char t_pattern_at(uint64_t p)
{
	return (unsigned char)((p + 1) * 0x9e3779b97f4a7c15u >> 56);
}

static inline void t_pattern(void *bytes, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)bytes)[i] = t_pattern_at(from + i);
}

static inline int t_is_pattern(const void *bytes, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		if (((const unsigned char *)bytes)[i] != t_pattern_at(from + i))
			return 0;
	return 1;
}

/* Writes all of it, waiting as often as it takes. */
static inline void t_write(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)bytes + done, len - done);
		struct pollfd out = { .fd = fd, .events = POLLOUT };

		MUST(n > 0 || errno == EINTR || (errno == EAGAIN && poll(&out, 1, -1)));
		done += n > 0 ? (size_t)n : 0;
	}
}

/* Reads `len` bytes, waiting as often as it takes. Fewer only at the end of the input. */
static inline size_t t_read(int fd, void *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)bytes + done, len - done);
		struct pollfd in = { .fd = fd, .events = POLLIN };

		MUST(n >= 0 || errno == EINTR || (errno == EAGAIN && poll(&in, 1, -1)));
		if (n == 0)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	return done;
}

/* Reads and drops `len` bytes. */
static inline void t_drain(int fd, size_t len)
{
	char dropped[4096];

	while (len > 0) {
		size_t n = t_read(fd, dropped, len < sizeof dropped ? len : sizeof dropped);

		MUST(n > 0);
		len -= n;
	}
}

/* How many bytes a pipe or socket has to give. */
static inline int t_bytes_available(int fd)
{
	int held;

	MUST(ioctl(fd, FIONREAD, &held) == 0);
	return held;
}

#include "t_setup.h"

#endif
