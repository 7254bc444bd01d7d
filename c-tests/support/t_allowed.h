/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which system calls each function may make: the table of zsplice(7), "System calls", with which tests/system_calls.rs
 * compares this one. */
#ifndef T_ALLOWED_H
#define T_ALLOWED_H

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include "t_numbers.h"

/* A mark for each column of the table: call, _retry, _full, copy, fanout, bridge, relay; a dot stands for none. */
static const struct t_allowed {
	const char *name;
	long number;
	char marks[8];
} t_allowed[] = {
	{ "splice", SYS_splice, "nnnxxxx" },
	{ "tee", SYS_tee, "nnn.x.." },
	{ "vmsplice", SYS_vmsplice, "n......" },
	{ "copy_file_range", SYS_copy_file_range, "nnnx..." },
	{ "sendfile", T_SYS_SENDFILE, "nnnx..." },
	{ "read", SYS_read, "...xxxx" },
	{ "write", SYS_write, "...xxxx" },
	{ "pread64", T_SYS_PREAD, ".xxxxxx" },
	{ "pwrite64", T_SYS_PWRITE, "...x..." },
	{ "preadv2", SYS_preadv2, "...xxxx" },
	{ "pwritev2", SYS_pwritev2, "...xxxx" },
	{ "recvfrom", SYS_recvfrom, ".xxxxxx" },
	{ "sendto", SYS_sendto, "...xxxx" },
	{ "ioctl", SYS_ioctl, ".xxxxxx" },
	{ "statx", SYS_statx, ".xxxxxx" },
	{ "newfstatat", T_SYS_NEWFSTATAT, ".xxxxxx" },
	{ "fstatfs", T_SYS_FSTATFS, ".xxxxxx" },
	{ "lseek", T_SYS_LSEEK, ".xxxxxx" },
	{ "fallocate", SYS_fallocate, "...x..." },
	{ "fcntl", T_SYS_FCNTL, ".xxxxxx" },
	{ "pipe2", SYS_pipe2, "...xxxx" },
	{ "close", SYS_close, "...xxxx" },
	{ "ppoll", SYS_ppoll, ".xxxxxx" },
	{ "poll", T_SYS_POLL, ".xxxxxx" },
	{ "restart_syscall", SYS_restart_syscall, ".pppppp" },
	{ "getsockopt", SYS_getsockopt, ".xxxxxx" },
	{ "getpeername", SYS_getpeername, "...xxxx" },
	{ "shutdown", SYS_shutdown, ".....xx" },
	{ "rt_sigpending", SYS_rt_sigpending, "...xxxx" },
	{ "rt_sigprocmask", SYS_rt_sigprocmask, ".xxxxxx" },
	{ "rt_sigtimedwait", SYS_rt_sigtimedwait, "...xxxx" },
	{ "clock_gettime", SYS_clock_gettime, "...vvv." },
	{ "brk", SYS_brk, "...mmmm" },
	{ "mmap", T_SYS_MMAP, "...mmmm" },
	{ "munmap", SYS_munmap, "...mmmm" },
	{ "mremap", SYS_mremap, "...mmmm" },
	{ "mprotect", SYS_mprotect, "...mmmm" },
	{ "madvise", SYS_madvise, "...mmmm" },
	{ "futex", SYS_futex, "...mmmm" },
	{ "getrandom", SYS_getrandom, "...mmmm" },
};

#define T_ALLOWED (sizeof t_allowed / sizeof *t_allowed)

/* Whether `text`, which may go on, is the name `zs_`, `stem`, `end`. */
static inline int t_is_function(const char *text, const char *stem, const char *end)
{
	size_t len = strlen(stem), rest = strlen(end);

	return !strncmp(text, "zs_", 3) && !strncmp(text + 3, stem, len) && !strncmp(text + 3 + len, end, rest)
		&& !strchr("_abcdefghijklmnopqrstuvwxyz", text[3 + len + rest] ? text[3 + len + rest] : '(');
}

/* The column of a function: the calls of one mechanism are those with no other name. */
static inline size_t t_column_of(const char *function)
{
	const char *end = function + strspn(function, "_abcdefghijklmnopqrstuvwxyz");

	if (t_is_function(function, "copy", ""))
		return 3;
	if (t_is_function(function, "fanout", ""))
		return 4;
	if (t_is_function(function, "bridge", ""))
		return 5;
	if (!strncmp(function, "zs_relay", 8) || !strncmp(function, "zs_duplex", 9) || !strncmp(function, "zs_pool", 7))
		return 6;
	if (end - function > 6 && !strncmp(end - 6, "_retry", 6))
		return 1;
	return end - function > 5 && !strncmp(end - 5, "_full", 5) ? 2 : 0;
}

/* Whether the function is named after the system call, or is zs_tee_full, which makes two. */
static inline int t_is_named_after(const char *function, const char *call)
{
	static const char *const ends[] = { "", "_retry", "_full" };
	const char *stem = strcmp(call, "copy_file_range") ? call : "copy_range";

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (t_is_function(function, stem, ends[i]))
			return 1;
	return !strcmp(call, "splice") && t_is_function(function, "tee", "_full");
}

/* Whether the function, whose name `function` begins with, may make this system call: one of `t_allowed`. */
static inline int t_may_make(const char *function, const struct t_allowed *call)
{
	char mark = call->marks[t_column_of(function)];

	return mark == 'n' ? t_is_named_after(function, call->name) : mark != '.';
}

static inline int t_allows(const char *function, long number)
{
	for (size_t i = 0; i < T_ALLOWED; i++)
		if (t_allowed[i].number == number)
			return t_may_make(function, &t_allowed[i]);
	return 0;
}

#endif
