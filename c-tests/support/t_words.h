/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of numbers, for what a failing test prints: errors, mechanisms, flags, sides, system calls.
 * Comes with t.h, and with t_numbers.h. */
#ifndef T_WORDS_H
#define T_WORDS_H

#include "t_numbers.h"

struct t_word {
	int64_t value;
	const char *name;
};

/* One of the buffers that the functions below return, used in turns: up to eight at a time in one call of
 * printf(3), from one thread. */
static inline char *t_words_buffer(void)
{
	static __thread char buffers[8][160];
	static __thread unsigned int next;
	char *buffer = buffers[next++ % 8];

	*buffer = '\0';
	return buffer;
}

#define T_WORDS_ROOM 160

/* The name of `value` in a list that ends with an empty name; a number if it is not there. */
static inline const char *t_name_in(const struct t_word *list, int64_t value)
{
	char *number;

	for (; list->name; list++)
		if (list->value == value)
			return list->name;
	number = t_words_buffer();
	snprintf(number, T_WORDS_ROOM, "%lld", (long long)value);
	return number;
}

/* The names of the bits of `value`, and in hexadecimal what has no name; "none" if there are none. */
static inline const char *t_bits_in(const struct t_word *list, uint64_t value)
{
	char *words = t_words_buffer();
	size_t len = 0;

	for (; list->name; list++) {
		if (!((uint64_t)list->value & value) || len >= T_WORDS_ROOM)
			continue;
		len += (size_t)snprintf(words + len, T_WORDS_ROOM - len, "%s%s", len ? "|" : "", list->name);
		value &= ~(uint64_t)list->value;
	}
	if (value && len < T_WORDS_ROOM)
		len += (size_t)snprintf(words + len, T_WORDS_ROOM - len, "%s%#llx", len ? "|" : "",
					(unsigned long long)value);
	return len ? words : "none";
}

#define T_WORD(name) { (int64_t)(name), #name }

/* "EPIPE"; for 0 "no error". */
static inline const char *t_errno_name(int error)
{
	static const struct t_word names[] = {
		{ 0, "no error" },
		T_WORD(EACCES), T_WORD(EAGAIN), T_WORD(EBADF), T_WORD(EBUSY), T_WORD(ECANCELED),
		T_WORD(ECONNABORTED), T_WORD(ECONNREFUSED), T_WORD(ECONNRESET), T_WORD(EDQUOT), T_WORD(EEXIST),
		T_WORD(EFAULT), T_WORD(EFBIG), T_WORD(EHOSTUNREACH), T_WORD(EINPROGRESS), T_WORD(EINTR),
		T_WORD(EINVAL), T_WORD(EIO), T_WORD(EISDIR), T_WORD(EMFILE), T_WORD(ENETDOWN),
		T_WORD(ENETUNREACH), T_WORD(ENFILE), T_WORD(ENODEV), T_WORD(ENOENT), T_WORD(ENOMEM),
		T_WORD(ENOSPC), T_WORD(ENOSYS), T_WORD(ENOTCONN), T_WORD(ENOTDIR), T_WORD(ENOTSOCK),
		T_WORD(ENOTTY), T_WORD(ENXIO), T_WORD(EOPNOTSUPP), T_WORD(EOVERFLOW), T_WORD(EPERM),
		T_WORD(EPIPE), T_WORD(ERANGE), T_WORD(EROFS), T_WORD(ESPIPE), T_WORD(ESTALE),
		T_WORD(ETIMEDOUT), T_WORD(ETXTBSY), T_WORD(EXDEV), { 0, NULL }
	};

	return t_name_in(names, error);
}

/* Mechanisms, ZS_VIA_*: of a result, or to be avoided. */
static inline const char *t_via_words(uint32_t via)
{
	static const struct t_word names[] = {
		{ ZS_VIA_CLONE, "clone" }, { ZS_VIA_COPY_RANGE, "copy_file_range" },
		{ ZS_VIA_SENDFILE, "sendfile" }, { ZS_VIA_SPLICE, "splice" }, { ZS_VIA_TEE, "tee" },
		{ ZS_VIA_READ_WRITE, "read and write" }, { 0, NULL }
	};

	return t_bits_in(names, via);
}

/* ZS_SIDE_*. */
static inline const char *t_side_word(uint32_t side)
{
	static const struct t_word names[] = {
		{ 0, "no side" }, { ZS_SIDE_IN, "input" }, { ZS_SIDE_OUT, "output" }, { ZS_SIDE_CALL, "call" },
		{ 0, NULL }
	};

	return t_name_in(names, side);
}

/* SPLICE_F_*. */
static inline const char *t_splice_flag_words(unsigned int flags)
{
	static const struct t_word names[] = {
		T_WORD(SPLICE_F_MOVE), T_WORD(SPLICE_F_NONBLOCK), T_WORD(SPLICE_F_MORE), T_WORD(SPLICE_F_GIFT),
		{ 0, NULL }
	};

	return t_bits_in(names, flags);
}

/* Flags of struct zs_options and of a relay. */
static inline const char *t_flag_words(uint32_t flags)
{
	static const struct t_word names[] = {
		T_WORD(ZS_INTERRUPT), T_WORD(ZS_NOSIGPIPE), T_WORD(ZS_MORE), T_WORD(ZS_STABLE),
		T_WORD(ZS_CLONE), T_WORD(ZS_NO_CLONE), T_WORD(ZS_FILL_HOLES), T_WORD(ZS_CANCEL_FD),
		T_WORD(ZS_DROP_FAILED), T_WORD(ZS_GROW_PIPE), T_WORD(ZS_EITHER_END),
		T_WORD(ZS_RELAY_SHUTDOWN), T_WORD(ZS_RELAY_LEVEL),
		{ 0, NULL }
	};

	return t_bits_in(names, flags);
}

/* ZS_WANT_*: what a relay waits for. */
static inline const char *t_want_words(int want)
{
	static const struct t_word names[] = {
		{ ZS_WANT_READ, "readable input" }, { ZS_WANT_WRITE, "writable output" },
		{ ZS_WANT_RUN, "another run" }, { 0, NULL }
	};

	return want < 0 ? "an error" : want == 0 ? "nothing: it is over" : t_bits_in(names, (uint64_t)want);
}

#define T_CALL(name) { SYS_##name, #name }

/* The system calls that the library makes. */
static inline const char *t_call_name(long number)
{
	static const struct t_word names[] = {
		T_CALL(splice), T_CALL(tee), T_CALL(vmsplice), T_CALL(copy_file_range), T_CALL(pipe2),
		T_CALL(read), T_CALL(write), T_CALL(preadv2),
		T_CALL(pwritev2), T_CALL(writev), T_CALL(recvfrom), T_CALL(sendto), T_CALL(ppoll),
		T_CALL(ioctl), T_CALL(fallocate), T_CALL(getsockopt), T_CALL(rt_sigprocmask),
		T_CALL(rt_sigpending), T_CALL(openat), T_CALL(munmap), T_CALL(mprotect), T_CALL(brk),
		T_CALL(shutdown), T_CALL(close),
		{ T_SYS_SENDFILE, "sendfile" }, { T_SYS_FCNTL, "fcntl" }, { T_SYS_LSEEK, "lseek" },
		{ T_SYS_MMAP, "mmap" }, { T_SYS_FSTATFS, "fstatfs" },
		{ T_SYS_PREAD, "pread" }, { T_SYS_PWRITE, "pwrite" },
#ifdef SYS_poll
		T_CALL(poll),
#endif
		{ 0, NULL }
	};

	return t_name_in(names, number);
}

static inline int t_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What a value means, by the end of the expression that it comes from: `errno`, `.error`, `.via`, `.side` and so on.
 * NULL: no more than a number. */
static inline const char *t_words_of(const char *expression, int64_t value)
{
	if (t_ends_with(expression, "errno") || t_ends_with(expression, "error") || t_ends_with(expression, "refusal"))
		return t_errno_name((int)value);
	if (t_ends_with(expression, "via") || strstr(expression, "via & ") || t_ends_with(expression, "refused"))
		return t_via_words((uint32_t)value);
	if (t_ends_with(expression, "side"))
		return t_side_word((uint32_t)value);
	return NULL;
}

#endif
