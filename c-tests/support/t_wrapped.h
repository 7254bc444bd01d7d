/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Counts what the library asks for - system calls, memory, descriptors - and refuses it some (the linker's --wrap).
 * Include after t.h, in a program with the lines
 *     ways: archive
 *     wraps: syscall fcntl ioctl lseek fstat fstatfs tcgetattr malloc calloc free
 * as comments of their own. Everything is by one thread. */
#ifndef T_WRAPPED_H
#define T_WRAPPED_H

#include <malloc.h>
#include <sys/vfs.h>
#include <termios.h>

long __real_syscall(long number, ...);
int __real_fcntl(int fd, int command, ...);
int __real_ioctl(int fd, unsigned long command, ...);
off_t __real_lseek(int fd, off_t offset, int whence);
int __real_fstat(int fd, struct stat *stat);
int __real_fstatfs(int fd, struct statfs *stat);
int __real_tcgetattr(int fd, struct termios *settings);
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);

/* What may be short. */
enum { T_MEMORY = 1, T_PIPES = 2, T_PIPE_SIZES = 4 };

struct t_shortage {
	unsigned int of;   /* T_MEMORY and so on */
	int from, alone;   /* the n-th request for any of these is refused: alone, or with all that follow; 0: none */
	int error;         /* with this errno (memory: ENOMEM) */
	int small;         /* a pipe that may not be resized has one page */
};

#define T_FDS 4096

static struct {
	/* The library is running. */
	int inside;
	long calls;
	/* What it holds, and the most that it ever held. */
	long blocks;
	size_t bytes, most_bytes;
	int descriptors, most_descriptors;
	unsigned char is_private[T_FDS];
	struct t_shortage shortage;
	int asked, refused;
	/* Called while the library waits, unless it is NULL: what others do meanwhile. 0: nothing. */
	int (*waits)(void);
} t_lib;

/* A call of the library. errno is 0x5a5a before it. */
#define T_LIB(call) \
	__extension__({ \
		t_lib.inside = 1; \
		errno = 0x5a5a; \
		__auto_type t_inside_ = (call); \
		t_lib.inside = 0; \
		t_inside_; \
	})

/* Begins to count anew, with this shortage. */
static inline void t_lib_begin(const struct t_shortage *shortage)
{
	MUST(t_lib.blocks == 0 && t_lib.descriptors == 0);
	t_lib.shortage = shortage ? *shortage : (struct t_shortage){ 0 };
	t_lib.asked = t_lib.refused = 0;
	t_lib.calls = 0;
	t_lib.most_bytes = 0;
	t_lib.most_descriptors = 0;
}

static inline int t_lib_lacks(unsigned int what)
{
	const struct t_shortage *it = &t_lib.shortage;

	if (!t_lib.inside || !(it->of & what))
		return 0;
	t_lib.asked++;
	if (!it->from || (it->alone ? t_lib.asked != it->from : t_lib.asked < it->from))
		return 0;
	t_lib.refused++;
	errno = what == T_MEMORY ? ENOMEM : it->error;
	return 1;
}

/* ---- Memory ---- */

static inline void *t_lib_counted(void *memory)
{
	if (t_lib.inside && memory) {
		t_lib.blocks++;
		t_lib.bytes += malloc_usable_size(memory);
		t_lib.most_bytes = t_lib.bytes > t_lib.most_bytes ? t_lib.bytes : t_lib.most_bytes;
	}
	return memory;
}

void *__wrap_malloc(size_t size)
{
	return t_lib_lacks(T_MEMORY) ? NULL : t_lib_counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return t_lib_lacks(T_MEMORY) ? NULL : t_lib_counted(__real_calloc(count, size));
}

void __wrap_free(void *memory)
{
	if (t_lib.inside && memory) {
		t_lib.blocks--;
		t_lib.bytes -= malloc_usable_size(memory);
	}
	__real_free(memory);
}

/* ---- Descriptors ---- */

static inline long t_lib_pipe(int fds[2], int flags)
{
	if (t_lib_lacks(T_PIPES))
		return -1;
	if (__real_syscall(SYS_pipe2, fds, flags) != 0)
		return -1;
	MUST(fds[0] < T_FDS && fds[1] < T_FDS);
	OK(flags & O_CLOEXEC);
	t_lib.is_private[fds[0]] = t_lib.is_private[fds[1]] = 1;
	t_lib.descriptors += 2;
	if (t_lib.descriptors > t_lib.most_descriptors)
		t_lib.most_descriptors = t_lib.descriptors;
	return 0;
}

static inline long t_lib_close(int fd)
{
	if (OK(fd >= 0 && fd < T_FDS && t_lib.is_private[fd])) {
		t_lib.is_private[fd] = 0;
		t_lib.descriptors--;
	}
	return __real_syscall(SYS_close, fd);
}

int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	t_lib.calls += t_lib.inside;
	if (command == F_SETPIPE_SZ && t_lib_lacks(T_PIPE_SIZES)) {
		int error = errno;

		if (t_lib.shortage.small && fd < T_FDS && t_lib.is_private[fd])
			(void)__real_fcntl(fd, F_SETPIPE_SZ, T_PAGE);
		errno = error;
		return -1;
	}
	return __real_fcntl(fd, command, argument);
}

/* ---- Calls that only have to be counted ---- */

int __wrap_ioctl(int fd, unsigned long command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	t_lib.calls += t_lib.inside;
	return __real_ioctl(fd, command, argument);
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
	t_lib.calls += t_lib.inside;
	return __real_lseek(fd, offset, whence);
}

int __wrap_fstat(int fd, struct stat *stat)
{
	t_lib.calls += t_lib.inside;
	return __real_fstat(fd, stat);
}

int __wrap_fstatfs(int fd, struct statfs *stat)
{
	t_lib.calls += t_lib.inside;
	return __real_fstatfs(fd, stat);
}

int __wrap_tcgetattr(int fd, struct termios *settings)
{
	t_lib.calls += t_lib.inside;
	return __real_tcgetattr(fd, settings);
}

/* ---- All others ---- */

static inline long t_lib_poll(const long *args, const struct timespec *limit)
{
	struct timespec time = *limit;

	return __real_syscall(SYS_ppoll, args[0], args[1], (long)&time, args[3], args[4]);
}

/* The peers act until it need not wait. A wait without a limit that lasts for seconds is one for ever. */
static inline long t_lib_polls(const long *args)
{
	const struct timespec none = { 0 }, *limit = (const struct timespec *)args[2];
	int before = errno, acted = !limit || limit->tv_sec || limit->tv_nsec;
	long ready;

	while ((ready = t_lib_poll(args, &none)) == 0 && t_lib.waits && acted) {
		t_lib.inside = 0;
		acted = t_lib.waits();
		t_lib.inside = 1;
		errno = before;
	}
	if (ready == 0)
		ready = t_lib_poll(args, limit ? limit : &(struct timespec){ 5, 0 });
	MUST(ready != 0 || limit);
	return ready;
}

static inline long t_lib_answers(long number, const long *args)
{
	if (number == SYS_pipe2)
		return t_lib_pipe((int *)args[0], (int)args[1]);
	if (number == SYS_close)
		return t_lib_close((int)args[0]);
	if (number == SYS_ppoll)
		return t_lib_polls(args);
	return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

/* It reads six arguments, however many there are, as that of libc does. */
__attribute__((no_sanitize_address)) long __wrap_syscall(long number, ...)
{
	va_list list;
	long args[6];

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (!t_lib.inside)
		return __real_syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
	t_lib.calls++;
	return t_lib_answers(number, args);
}

#endif
