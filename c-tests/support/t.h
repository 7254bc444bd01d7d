/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What all tests share. A test includes <zsplice.h> first, then this. MUST prepares, T_EQ and OK check,
 * t_scene says in words which case is being tried, and main ends with `return t_done();`. A test that
 * hangs is ended after T_LIMIT seconds (ZS_TEST_SLOWER=n: n times as many). Nothing stays behind: files
 * have no name, and children die with their parent. Includes t_words.h (names of numbers) and t_setup.h
 * (descriptors, threads, signals). */
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
#include <stdarg.h>
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
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define T_LIMIT 100
#define T_PAGE 4096
/* Not the last ones: valgrind and qemu-user keep these for themselves. */
#define T_TIME_IS_UP (SIGRTMIN + 10)

/* Younger than musl 1.2.3. */
#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8
#endif

#include "t_words.h"

/* ---- Checks. All of them leave errno as they find it. ---- */

/* Preparation: if the condition is false, the test says so and ends. */
#define MUST(condition) ((condition) ? (void)0 : t_must_failed(__FILE__, __LINE__, #condition))

/* A check: if the condition is false, the test says so, goes on, and fails in the end. The value of the
 * macro is that of the condition. */
#define OK(condition) t_check(!!(condition), __FILE__, __LINE__, #condition)

/* A check that two integers are equal as numbers, whatever their types. If they are not, both are printed.
 * Each argument is evaluated once, `got` first. The value of the macro is whether they are equal. */
#define T_EQ(got, want) \
	__extension__({ \
		struct t_integer t_got_ = T_INTEGER(got), t_want_ = T_INTEGER(want); \
		t_check_equal(t_got_, t_want_, __FILE__, __LINE__, #got, #want); \
	})

/* An integer of any type: its 64 bits, and whether they are to be read as signed. */
struct t_integer {
	uint64_t bits;
	int is_signed;
};

#define T_INTEGER(value) \
	_Generic((value), unsigned long: t_unsigned, unsigned long long: t_unsigned, default: t_signed)(value)

static inline struct t_integer t_unsigned(uint64_t value)
{
	return (struct t_integer){ value, 0 };
}

static inline struct t_integer t_signed(int64_t value)
{
	return (struct t_integer){ (uint64_t)value, value < 0 };
}

static int t_failures;
static char t_scene_text[512];

/* Says which case is being tried, for every failure from now on. Like printf(3). */
__attribute__((format(printf, 1, 2))) static inline void t_scene(const char *format, ...)
{
	int before = errno;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(t_scene_text, sizeof t_scene_text, format, arguments);
	va_end(arguments);
	errno = before;
}

static inline void t_print_scene(void)
{
	if (*t_scene_text)
		fprintf(stderr, "    case: %s\n", t_scene_text);
}

static inline void t_must_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: cannot prepare the test: %s\n    the last error was %s (%s)\n", file, line,
		condition, t_errno_name(errno), strerror(errno));
	t_print_scene();
	_exit(1);
}

static inline int t_check(int holds, const char *file, int line, const char *condition)
{
	int before = errno;

	if (!holds) {
		__atomic_add_fetch(&t_failures, 1, __ATOMIC_SEQ_CST);
		fprintf(stderr, "%s:%d: false: %s\n", file, line, condition);
		if (strstr(condition, "errno"))
			fprintf(stderr, "    errno is %s\n", t_errno_name(before));
		t_print_scene();
	}
	errno = before;
	return holds;
}

/* `value` in figures, and in words where the expression that it comes from says what it means. */
static inline void t_print_integer(const char *expression, struct t_integer value)
{
	const char *words = t_words_of(expression, (int64_t)value.bits);

	fprintf(stderr, value.is_signed ? "%lld" : "%llu", (long long)value.bits);
	if (words)
		fprintf(stderr, " (%s)", words);
}

static inline int t_check_equal(struct t_integer got, struct t_integer want, const char *file, int line,
				const char *got_text, const char *want_text)
{
	int before = errno;

	if (got.bits == want.bits && got.is_signed == want.is_signed)
		return 1;
	__atomic_add_fetch(&t_failures, 1, __ATOMIC_SEQ_CST);
	fprintf(stderr, "%s:%d: %s is ", file, line, got_text);
	t_print_integer(got_text, got);
	fprintf(stderr, ", expected %s", want_text);
	if (strspn(want_text, "-0123456789") != strlen(want_text)) {
		fprintf(stderr, " = ");
		t_print_integer(got_text, want);
	}
	/* A call that fails returns -1: then, and only then, errno says why. */
	if (got.is_signed && got.bits == UINT64_MAX && strchr(got_text, '('))
		fprintf(stderr, "; errno is %s (%s)", t_errno_name(before), strerror(before));
	fprintf(stderr, "\n");
	t_print_scene();
	errno = before;
	return 0;
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

/* Skips a test of what only other kernels have. It counts as no failure where nothing may be skipped: `make ports`
 * runs the test in kernels that have it. */
static inline void t_skip_kernel(const char *reason)
{
	printf("skipped: %s\n", reason);
	exit(t_failures ? 1 : 76);
}

/* The seed of random tests: always the same, unless ZS_TEST_SEED is set. */
static inline uint64_t t_seed(void)
{
	const char *told = getenv("ZS_TEST_SEED");

	return told ? strtoull(told, NULL, 0) : 20261120;
}

/* ---- Time ---- */

/* How many times as long everything may take: 1, or ZS_TEST_SLOWER, under valgrind and the like. */
static inline int t_slower(void)
{
	const char *told = getenv("ZS_TEST_SLOWER");
	int times = told ? atoi(told) : 1;

	return times > 0 ? times : 1;
}

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

/* The CPU time of this process, with all its threads: what it were if nothing slowed it down. */
static inline int64_t t_cpu_ms(void)
{
	return t_clock_ms(CLOCK_PROCESS_CPUTIME_ID) / t_slower();
}

static inline int64_t t_thread_cpu_ms(void)
{
	return t_clock_ms(CLOCK_THREAD_CPUTIME_ID) / t_slower();
}

static inline void t_sleep_ms(int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static inline void t_hung(int signal)
{
	static const char message[] = "hung: the time of the test is over; case: ";

	(void)!write(2, message, sizeof message - 1);
	(void)!write(2, t_scene_text, strlen(t_scene_text));
	(void)!write(2, "\n", 1);
	_exit(128 + signal);
}

/* Starts the time limit: before main, and in a child by t_child. It uses neither alarm(2) nor setitimer(2),
 * which are left to the tests. */
__attribute__((constructor)) static void t_start_time_limit(void)
{
	struct sigaction action = { .sa_handler = t_hung };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = T_TIME_IS_UP };
	struct itimerspec limit = { .it_value.tv_sec = T_LIMIT * t_slower() };
	timer_t timer;

	MUST(sigaction(T_TIME_IS_UP, &action, NULL) == 0);
	MUST(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	MUST(timer_settime(timer, 0, &limit, NULL) == 0);
}

/* A user may have been given few descriptors to begin with. A test that wants few says so itself. */
__attribute__((constructor)) static void t_have_descriptors(void)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur < 1024)
		limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
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

/* Writes all of it, and waits where it has to. */
static inline void t_write(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)bytes + done, len - done);
		struct pollfd out = { .fd = fd, .events = POLLOUT };

		MUST(n > 0 || errno == EINTR || (errno == EAGAIN && poll(&out, 1, -1)));
		done += n > 0 ? (size_t)n : 0;
	}
}

/* Reads `len` bytes, and waits where it has to. Returns fewer only at the end of the input. */
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

/* Writes `len` bytes of the pattern, from its beginning. */
static inline void t_write_pattern(int fd, size_t len)
{
	char bytes[16384];

	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < sizeof bytes ? len - at : sizeof bytes;
		t_pattern(bytes, n, at);
		t_write(fd, bytes, n);
	}
}

/* Reads until the end, and returns how many bytes there were; `*right`: all of them were the pattern's. */
static inline size_t t_read_pattern(int fd, int *right)
{
	char bytes[16384];
	size_t got = 0, n;

	*right = 1;
	while ((n = t_read(fd, bytes, sizeof bytes)) > 0) {
		*right &= t_is_pattern(bytes, n, got);
		got += n;
	}
	return got;
}

/* How many bytes a pipe or a socket has to read. */
static inline int t_bytes_available(int fd)
{
	int held;

	MUST(ioctl(fd, FIONREAD, &held) == 0);
	return held;
}

#include "t_setup.h"

#endif
