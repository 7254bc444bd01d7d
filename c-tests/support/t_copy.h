/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of zs_copy: files, streams, sandboxes. Include after t.h and t_result.h. */
#ifndef T_COPY_H
#define T_COPY_H

#include <dirent.h>
#include <linux/fs.h>
#include <stddef.h>
#include <sys/mman.h>
#include <termios.h>

#define T_MS(ms) ((int64_t)(ms) * 1000000)
#define T_ALL_VIA 0x3f

/* Calls zs_copy with options, given as named fields of struct zs_options. */
#define T_COPY(in, off_in, out, off_out, len, result, ...) \
	zs_copy(in, off_in, out, off_out, len, \
		&(struct zs_options){ .size = sizeof(struct zs_options), __VA_ARGS__ }, result)

/* ---- Files ---- */

static inline int64_t t_size(int fd)
{
	struct stat stat;

	MUST(fstat(fd, &stat) == 0);
	return stat.st_size;
}

static inline int64_t t_position(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

/* How many bytes of the file are allocated. */
static inline int64_t t_stored(int fd)
{
	struct stat stat;

	MUST(fstat(fd, &stat) == 0);
	return (int64_t)stat.st_blocks * 512;
}

/* A new file with a name, for reading and writing. */
static inline int t_new(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0);
	return fd;
}

/* A new file in `folder` whose name is already removed. */
static inline int t_new_in(const char *folder)
{
	char name[256];
	int fd;

	snprintf(name, sizeof name, "%s/t-XXXXXX", folder);
	fd = mkstemp(name);
	MUST(fd >= 0 && unlink(name) == 0);
	return fd;
}

/* Writes `len` bytes of the pattern from `from` on, at `offset`. */
static inline void t_put_pattern(int fd, int64_t offset, size_t len, uint64_t from)
{
	char bytes[65536];

	for (size_t at = 0; at < len; at += sizeof bytes) {
		size_t n = len - at < sizeof bytes ? len - at : sizeof bytes;

		t_pattern(bytes, n, from + at);
		MUST(pwrite(fd, bytes, n, offset + (int64_t)at) == (ssize_t)n);
	}
}

/* Whether the file holds `len` bytes of the pattern from `from` on, at `offset`. */
static inline int t_has_pattern(int fd, int64_t offset, size_t len, uint64_t from)
{
	char bytes[65536];

	for (size_t at = 0; at < len; at += sizeof bytes) {
		size_t n = len - at < sizeof bytes ? len - at : sizeof bytes;

		if (pread(fd, bytes, n, offset + (int64_t)at) != (ssize_t)n ||
		    !t_is_pattern(bytes, n, from + at))
			return 0;
	}
	return 1;
}

/* Whether the file holds `len` bytes that are all `byte`, at `offset`. */
static inline int t_has_bytes(int fd, int64_t offset, size_t len, char byte)
{
	char bytes[65536];

	for (size_t at = 0; at < len; at += sizeof bytes) {
		size_t n = len - at < sizeof bytes ? len - at : sizeof bytes;

		if (pread(fd, bytes, n, offset + (int64_t)at) != (ssize_t)n)
			return 0;
		for (size_t i = 0; i < n; i++)
			if (bytes[i] != byte)
				return 0;
	}
	return 1;
}

/* Whether two files are the same to the last byte. */
static inline int t_same_bytes(int a, int b)
{
	static char left[1 << 16], right[1 << 16];
	int64_t at = 0;
	ssize_t n;

	while ((n = pread(a, left, sizeof left, at)) > 0) {
		if (pread(b, right, sizeof right, at) != n || memcmp(left, right, (size_t)n) != 0)
			return 0;
		at += n;
	}
	return n == 0 && t_size(a) == t_size(b);
}

/* Whether the next `len` bytes of a pipe or a socket are the pattern from `from` on. */
static inline int t_gives_pattern(int fd, size_t len, uint64_t from)
{
	char bytes[4096];

	for (size_t at = 0; at < len;) {
		size_t n = t_read(fd, bytes, len - at < sizeof bytes ? len - at : sizeof bytes);

		if (n == 0 || !t_is_pattern(bytes, n, from + at))
			return 0;
		at += n;
	}
	return 1;
}

/* ---- Streams: two connected ends, what is written to [1] is read from [0]. ---- */

enum t_stream { T_A_PIPE, T_A_UNIX, T_A_TCP, T_A_PTY, T_STREAMS };

static inline const char *t_stream_name(enum t_stream kind)
{
	static const char *const names[] = {
		[T_A_PIPE] = "pipe",
		[T_A_UNIX] = "Unix socket",
		[T_A_TCP] = "TCP socket",
		[T_A_PTY] = "terminal",
	};

	return names[kind];
}

/* A terminal in raw mode: [0] is the master, [1] the slave. */
static inline void t_pty(int fds[2])
{
	struct termios mode;
	int zero = 0, number = 0;
	char name[32];

	fds[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (fds[0] < 0 || ioctl(fds[0], TIOCSPTLCK, &zero) != 0 || ioctl(fds[0], TIOCGPTN, &number) != 0)
		t_skip("there are no terminals here");
	snprintf(name, sizeof name, "/dev/pts/%d", number);
	fds[1] = open(name, O_RDWR | O_NOCTTY);
	if (fds[1] < 0)
		t_skip("there are no terminals here");
	MUST(tcgetattr(fds[1], &mode) == 0);
	cfmakeraw(&mode);
	MUST(tcsetattr(fds[1], TCSANOW, &mode) == 0);
}

static inline void t_stream(enum t_stream kind, int fds[2])
{
	int turned[2];

	switch (kind) {
	case T_A_PIPE:
		MUST(pipe(fds) == 0);
		break;
	case T_A_UNIX:
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		break;
	case T_A_TCP:
		t_tcp_pair(turned, 65536, 65536);
		fds[0] = turned[1];
		fds[1] = turned[0];
		break;
	default:
		t_pty(fds);
		break;
	}
}

/* Writes zeroes to [1] until it takes no more, and returns how many. */
static inline size_t t_fill_stream(enum t_stream kind, const int fds[2])
{
	static const char zeroes[256];
	int flags = fcntl(fds[1], F_GETFL);
	size_t filled = 0;
	ssize_t n;

	if (kind == T_A_PIPE)
		return t_fill_pipe(fds[1]);
	if (kind != T_A_PTY)
		return t_fill_socket(fds[1]);
	t_nonblock(fds[1], 1);
	for (int idle = 0; idle < 5;) {
		n = write(fds[1], zeroes, sizeof zeroes);
		MUST(n > 0 || errno == EAGAIN);
		filled += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		if (n <= 0)
			t_sleep_ms(5);
	}
	MUST(fcntl(fds[1], F_SETFL, flags) == 0);
	return filled;
}

/* Reads into `bytes` until nothing arrives for 60 ms, and returns how many bytes there were. */
static inline size_t t_read_rest(int fd, char *bytes, size_t room)
{
	size_t got = 0;

	while (got < room && poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 60) == 1) {
		ssize_t n = read(fd, bytes + got, room - got);

		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

/* ---- Descriptors ---- */

static inline int t_open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	MUST(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	MUST(closedir(folder) == 0);
	return count;
}

/* Whether a pipe that is made now holds two pages, since the user's quota is used up. */
static inline int t_new_pipes_are_small(void)
{
	int fds[2], size;

	MUST(pipe2(fds, O_CLOEXEC) == 0 && (size = fcntl(fds[1], F_GETPIPE_SZ)) > 0);
	MUST(close(fds[0]) == 0 && close(fds[1]) == 0);
	return size <= 2 * T_PAGE;
}

/* Uses up the pipe quota, or skips the test: from now on new pipes hold two pages. Root becomes a user who has no
 * other process; any other user shares the quota with what else runs. */
static inline void t_spend_pipe_quota(void)
{
	int fds[2], size = 1 << 20;

	if (geteuid() == 0 && setuid(60000 + (uid_t)getpid() % 5000) != 0)
		t_skip("root cannot be left here, and has no pipe quota");
	for (int made = 0; made < 200 && !t_new_pipes_are_small(); made++) {
		if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0)
			t_skip("more descriptors are needed to use up the pipe quota");
		while (size > T_PAGE && fcntl(fds[1], F_SETPIPE_SZ, size) < 0)
			size /= 2;
	}
	if (!t_new_pipes_are_small())
		t_skip("there is no pipe quota, or it is larger than usual");
}

/* Skips the test if the quota has not stayed used up: another process of the same user has closed pipes. */
static inline void t_pipe_quota_was_spent(void)
{
	if (!t_new_pipes_are_small())
		t_skip("other processes of this user have given pipe quota back");
}

/* ---- Sandboxes ---- */

#define T_KILLED SECCOMP_RET_KILL_PROCESS
#define T_FAILS(error) (SECCOMP_RET_ERRNO | (uint32_t)(error))

static inline void t_filter(struct sock_filter *code, size_t count)
{
	struct sock_fprog program = { (unsigned short)count, code };

	t_seccomp_filter(&program);
}

/* From now on `action` is what happens at the system call `number` in this thread. */
static inline void t_deny(long number, uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	t_filter(code, sizeof code / sizeof *code);
}

/* The same for the FICLONE and FICLONERANGE requests of ioctl(2). */
static inline void t_deny_clone(uint32_t action)
{
	const uint32_t lower = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]) + lower),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FICLONE, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FICLONERANGE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	t_filter(code, sizeof code / sizeof *code);
}

/* From now on `action` is what happens at the system calls of the mechanisms `via` in this thread, except for
 * read and write, which the tests need themselves. */
static inline void t_deny_via(uint32_t via, uint32_t action)
{
	if (via & ZS_VIA_CLONE)
		t_deny_clone(action);
	if (via & ZS_VIA_COPY_RANGE)
		t_deny(SYS_copy_file_range, action);
	if (via & ZS_VIA_SENDFILE)
		t_deny(T_SYS_SENDFILE, action);
	if (via & ZS_VIA_SPLICE)
		t_deny(SYS_splice, action);
	if (via & ZS_VIA_TEE)
		t_deny(SYS_tee, action);
}

/* ---- Pairs: an input of 300,000 bytes of the pattern, and an output that takes them ---- */

#define T_PAIR_LEN 300000

enum t_place { T_AT_FILE, T_AT_PIPE, T_AT_UNIX, T_AT_TCP, T_PLACES };

static inline const char *t_place_name(enum t_place kind)
{
	static const char *const names[] = {
		[T_AT_FILE] = "file",
		[T_AT_PIPE] = "pipe",
		[T_AT_UNIX] = "Unix socket",
		[T_AT_TCP] = "TCP socket",
	};

	return names[kind];
}

struct t_pair {
	int in, out;
	int far_in, far_out; /* the other ends, used by a thread that writes and one that reads; -1: a file, which has none */
	size_t got;
	int right;
	pthread_t writer, reader;
};

static inline void *t_pair_write(void *argument)
{
	struct t_pair *pair = argument;

	t_write_pattern(pair->far_in, T_PAIR_LEN);
	MUST(close(pair->far_in) == 0);
	return NULL;
}

static inline void *t_pair_read(void *argument)
{
	struct t_pair *pair = argument;

	pair->got = t_read_pattern(pair->far_out, &pair->right);
	MUST(close(pair->far_out) == 0);
	return NULL;
}

static inline void t_pair_place(enum t_place place, int writes, int *here, int *far)
{
	int fds[2];

	*far = -1;
	if (place == T_AT_FILE) {
		*here = t_file(writes ? 0 : T_PAIR_LEN);
		return;
	}
	t_stream(place == T_AT_PIPE ? T_A_PIPE : place == T_AT_UNIX ? T_A_UNIX : T_A_TCP, fds);
	*here = fds[writes];
	*far = fds[!writes];
}

/* Starts the two threads, so call this before the own thread is denied anything. */
static inline struct t_pair *t_pair(enum t_place from, enum t_place to)
{
	struct t_pair *pair = calloc(1, sizeof *pair);

	MUST(pair != NULL);
	t_pair_place(from, 0, &pair->in, &pair->far_in);
	t_pair_place(to, 1, &pair->out, &pair->far_out);
	if (pair->far_in >= 0)
		pair->writer = t_thread(t_pair_write, pair);
	if (pair->far_out >= 0)
		pair->reader = t_thread(t_pair_read, pair);
	return pair;
}

/* Closes the pair. Returns whether every byte has arrived. */
static inline int t_pair_whole(struct t_pair *pair)
{
	int whole;

	if (pair->far_in >= 0)
		t_join(pair->writer);
	if (pair->far_out >= 0) {
		MUST(close(pair->out) == 0);
		t_join(pair->reader);
		whole = pair->right && pair->got == T_PAIR_LEN;
	} else {
		whole = t_size(pair->out) == T_PAIR_LEN && t_has_pattern(pair->out, 0, T_PAIR_LEN, 0);
		MUST(close(pair->out) == 0);
	}
	MUST(close(pair->in) == 0);
	free(pair);
	return whole;
}

#endif
