/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenes for the oracle: an input and what it does, an output and what it does, and the two ways from
 * one to the other: a plain loop of read(2), write(2) and poll(2), and an engine of the library. After t.h.
 *
 * A scene is played in a child, so that one that waits for ever can be ended. The child's main thread is
 * the one that copies; the input's writer and the outputs' readers are threads beside it. */
#ifndef T_ORACLE_H
#define T_ORACLE_H

#include <pty.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <termios.h>
#include "t_engines.h"

#ifndef ARRAY_LEN
#define ARRAY_LEN(array) (sizeof(array) / sizeof *(array))
#endif

enum o_function { O_COPY, O_FANOUT, O_FANOUT_FIRST, O_FANOUT_SECOND, O_RELAY, O_BRIDGE, O_FUNCTIONS };
static const char *const o_functions[] = {
	"zs_copy", "zs_fanout to one", "zs_fanout to two, of which the first", "zs_fanout to two, of which the second",
	"zs_relay", "zs_bridge" };

enum o_input { O_IN_PIPE, O_IN_FIFO, O_IN_EARLY, O_IN_UNIX, O_IN_TCP, O_IN_FILE, O_IN_FILE_AT, O_IN_OFFSET, O_IN_HOLE,
	       O_IN_ZERO, O_IN_NULL, O_IN_TTY, O_IN_MASTER, O_IN_HUNG_UP, O_IN_PROC, O_IN_SYS, O_IN_WRITE_ONLY,
	       O_IN_FOLDER, O_IN_LISTENER, O_IN_EPOLL, O_INPUTS };
static const char *const o_inputs[] = {
	"a pipe", "a FIFO", "a FIFO before its first writer", "an AF_UNIX socket", "a TCP socket", "a file",
	"a file at position 5000", "a file at offset 5000", "a memfd with a hole", "/dev/zero", "/dev/null",
	"a canonical terminal", "a pty master", "a hung-up terminal", "/proc/filesystems", "a file of sysfs",
	"a write-only file", "a folder", "a listening socket", "an epoll set" };

enum o_gives { O_ENDED, O_ENDS, O_PAUSES, O_SILENT, O_ENDS_AFTER, O_RESET, O_RESETS,
	       O_TIMES_OUT, O_PROHIBITED, O_GIVES };
static const char *const o_gives[] = {
	"there before, and ended", "then it ends", "in two halves with a pause, then it ends", "then it is silent",
	"and it ends after the reader has left", "there before, and a reset", "then a reset",
	"then the connection dies of ETIMEDOUT", "then the connection dies of a prohibited route (EACCES)" };

static const size_t o_sizes[] = { 0, 1, 4095, 65536, (1 << 20) + 3 };
#define O_SIZES ARRAY_LEN(o_sizes)
#define O_MOST ((size_t)(1 << 20) + 3)
#define O_AT 5000
/* What fills a pipe of sixteen pages, the last of which holds three bytes. */
#define O_FILLS ((size_t)15 * 4096 + 3)
/* What a socket or a pipe holds without a reader. */
#define O_HELD ((size_t)4095)

enum o_output { O_OUT_PIPE, O_OUT_UNIX, O_OUT_TCP, O_OUT_FILE, O_OUT_APPEND, O_OUT_NULL, O_OUT_FULL, O_OUT_TTY,
		O_OUT_MASTER, O_OUT_READ_ONLY, O_OUT_LISTENER, O_OUT_EPOLL, O_OUTPUTS };
static const char *const o_outputs[] = {
	"a pipe", "an AF_UNIX socket", "a TCP socket", "a file", "an O_APPEND file", "/dev/null", "/dev/full",
	"a raw terminal", "a pty master", "a read-only file", "a listening socket", "an epoll set" };

enum o_takes { O_ROOM, O_FULL, O_DRAINS, O_TAKES_ALL, O_TAKES_HALF, O_DEAD, O_DEAD_RESET, O_SLOW, O_STOPS,
	       O_HALF_FULL, O_TAKES };
static const char *const o_takes[] = {
	"is read at once", "is full until we are done", "is full, and read after a while",
	"is read to the last byte that comes, then its reader leaves", "loses its reader half-way",
	"has no reader", "has been reset", "is read slowly", "is full after the last byte, until we are done",
	"has room that poll(2) does not tell of" };

enum o_option { O_NONE, O_TIMEOUT, O_QUIET, O_STABLE, O_PROGRESS, O_OPTIONS };
static const char *const o_options[] = { "no options", "timeout_ns and idle_ns of an hour", "ZS_NOSIGPIPE", "ZS_STABLE",
					 "progress" };

enum o_len { O_TO_END, O_EXACT, O_PART, O_BEYOND, O_LENS };
static const char *const o_lens[] = { "ZS_TO_END", "just so many", "half of them", "a few more" };

struct o_scene {
	enum o_function function;
	enum o_input in;
	enum o_gives gives;
	size_t size;
	enum o_output out;
	enum o_takes takes;
	int nonblock_in, nonblock_out;
	enum o_option option;
	enum o_len len;
};

/* How it is played: 0 is the library, else a plain loop with a buffer of so many bytes. */
#define O_OURS 0

/* What came of it. */
struct o_outcome {
	int waits;              /* for ever, as far as one can tell */
	int killed;             /* by this signal */
	int64_t returned;
	int error, sigpipe;
	int64_t got[2];         /* by the outputs' readers, or in the files */
	int wrong;              /* an output's bytes are not the input's */
	int64_t left;           /* in a stream, to be read */
	int64_t position[2];
	uint64_t bytes, in_flight;
	int result_error, errno_kept;
};

/* Between the child and who watches it. */
struct o_shared {
	struct o_outcome outcome;
	int64_t given, got[2];
	int busy, returned, over, has_left;
};

static unsigned char o_pattern[O_MOST + O_AT], o_text[O_MOST], o_holed[O_MOST], o_proc[65536], o_sys[4096];
static size_t o_proc_len, o_sys_len;
static const char *o_sys_path = "/sys/kernel/mm/transparent_hugepage/enabled";
static int o_files[O_SIZES], o_files_at[O_SIZES], o_memfds[O_SIZES];
static struct o_shared *o_shared;

/* ---- Counters that another process looks at ---- */

static inline void o_add(int64_t *counter, int64_t n)
{
	__atomic_add_fetch(counter, n, __ATOMIC_SEQ_CST);
}

static inline int64_t o_get(const int64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static inline int o_flag(const int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static inline void o_set(int *flag, int value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

/* A pause during which nobody may take the scene for one that waits for ever. The caller is busy. */
static inline void o_pause(int ms)
{
	t_sleep_ms(ms);
}

static inline void o_busy(int by)
{
	__atomic_add_fetch(&o_shared->busy, by, __ATOMIC_SEQ_CST);
}

/* ---- What a scene is about ---- */

static inline int o_is_terminal_in(enum o_input in)
{
	return in == O_IN_TTY || in == O_IN_MASTER;
}

/* Whether a writer stands behind it, whom a thread plays. */
static inline int o_is_stream_in(enum o_input in)
{
	return in <= O_IN_TCP || o_is_terminal_in(in);
}

static inline int o_seeks(enum o_input in)
{
	return in == O_IN_FILE || in == O_IN_FILE_AT || in == O_IN_OFFSET || in == O_IN_HOLE || in == O_IN_PROC
		|| in == O_IN_SYS;
}

static inline int o_is_socket_out(enum o_output out)
{
	return out == O_OUT_UNIX || out == O_OUT_TCP;
}

static inline int o_is_stream_out(enum o_output out)
{
	return out <= O_OUT_TCP || out == O_OUT_TTY || out == O_OUT_MASTER;
}

static inline int o_always_fails(enum o_output out)
{
	return out == O_OUT_FULL || out >= O_OUT_READ_ONLY;
}

/* How many bytes the input has to give. */
static inline size_t o_size(const struct o_scene *scene)
{
	return scene->in == O_IN_PROC ? o_proc_len : scene->in == O_IN_SYS ? o_sys_len : scene->size;
}

static inline const unsigned char *o_content(const struct o_scene *scene)
{
	static unsigned char zeroes[O_MOST];

	return scene->in == O_IN_PROC ? o_proc : scene->in == O_IN_SYS ? o_sys : scene->in == O_IN_HOLE ? o_holed
		: scene->in == O_IN_ZERO ? zeroes : o_is_terminal_in(scene->in) ? o_text
		: scene->in == O_IN_FILE_AT || scene->in == O_IN_OFFSET ? o_pattern + O_AT : o_pattern;
}

static inline uint64_t o_asked(const struct o_scene *scene)
{
	size_t size = o_size(scene);

	return scene->len == O_TO_END ? ZS_TO_END : scene->len == O_EXACT ? size : scene->len == O_PART ? size / 2
		: size + 7;
}

/* How many of them a whole transfer moves. */
static inline size_t o_due(const struct o_scene *scene)
{
	uint64_t asked = o_asked(scene), size = o_size(scene);

	return asked < size ? asked : size;
}

static inline int o_outs(const struct o_scene *scene)
{
	return scene->function == O_FANOUT_FIRST || scene->function == O_FANOUT_SECOND ? 2 : 1;
}

/* Which of two outputs it is that does what the scene says; the other is read at once. */
static inline int o_the_output(const struct o_scene *scene)
{
	return scene->function == O_FANOUT_SECOND;
}

/* What the process needs once: contents and files. */
static inline void o_prepare(void)
{
	/* Where the memfd has data. */
	static const struct { size_t from, to; } data[] = { { 0, 8192 }, { 49152, 131072 }, { 917504, O_MOST } };
	int fd;
	ssize_t n;

	t_pattern(o_pattern, sizeof o_pattern, 0);
	for (size_t i = 0; i < O_MOST; i++)
		o_text[i] = i % 64 == 63 ? '\n' : (unsigned char)('a' + t_pattern_at(i) % 26);
	/* What is written to a canonical terminal has to end with a line. */
	o_text[0] = o_text[4094] = '\n';
	MUST((fd = open("/proc/filesystems", O_RDONLY)) >= 0);
	o_proc_len = t_read(fd, o_proc, sizeof o_proc);
	MUST(close(fd) == 0);
	if ((fd = open(o_sys_path, O_RDONLY)) >= 0) {
		MUST((n = read(fd, o_sys, sizeof o_sys)) > 0 && close(fd) == 0);
		o_sys_len = (size_t)n;
	}
	for (size_t i = 0; i < O_SIZES; i++) {
		size_t size = o_sizes[i];

		o_files[i] = t_file(size);
		o_files_at[i] = t_file(O_AT + size);
		MUST((o_memfds[i] = memfd_create("t", MFD_CLOEXEC)) >= 0);
		MUST(ftruncate(o_memfds[i], (off_t)size) == 0);
		for (size_t j = 0; j < ARRAY_LEN(data) && data[j].from < size; j++) {
			size_t len = (data[j].to < size ? data[j].to : size) - data[j].from;

			memcpy(o_holed + data[j].from, o_pattern + data[j].from, len);
			MUST(pwrite(o_memfds[i], o_pattern + data[j].from, len, (off_t)data[j].from) == (ssize_t)len);
		}
	}
	o_shared = mmap(NULL, sizeof *o_shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(o_shared != MAP_FAILED);
}

/* ---- The input and its writer ---- */

struct o_giver {
	const struct o_scene *scene;
	int fd, far;
	char path[64];
	pthread_t thread;
	int has_thread;
};

/* A resetting close. AF_UNIX resets where bytes were left unread, which o_open_in sees to. */
static inline void o_reset(int fd)
{
	struct linger none = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	MUST(close(fd) == 0);
}

/* Writes, unless there is nobody left to read. */
static inline void o_give(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len < 65536 ? len : 65536);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == EIO))
			return;
		MUST(n > 0);
		bytes += n;
		len -= (size_t)n;
		o_add(&o_shared->given, n);
	}
}

/* The connection dies of what it has not been acknowledged: of ETIMEDOUT, or of what the route says meanwhile. */
static inline void o_die(struct o_giver *giver)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop };
	int queued = 1, is_route = giver->scene->gives == O_PROHIBITED;
	unsigned int ms = is_route ? 300 : 10;

	while (queued > 0) {
		MUST(ioctl(giver->far, TIOCOUTQ, &queued) == 0);
		t_sleep_ms(queued > 0);
	}
	o_busy(1);
	MUST(setsockopt(giver->far, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
	MUST(setsockopt(giver->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) == 0);
	(void)send(giver->fd, "unheard", 7, MSG_NOSIGNAL);
	MUST(!is_route || system("ip route flush table local && ip route add prohibit 127.0.0.1/32") == 0);
	for (int looks = 0; looks < 500 && !o_flag(&o_shared->over) && !t_ready(giver->fd, 0); looks++)
		t_sleep_ms(3);
	o_busy(-1);
}

static inline void o_give_up(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	int queued = 1;

	if (scene->gives == O_TIMES_OUT || scene->gives == O_PROHIBITED) {
		o_die(giver);
		return;
	}
	if (scene->gives == O_RESET || scene->gives == O_RESETS) {
		/* What has not arrived is lost with the connection. */
		while (scene->in == O_IN_TCP && queued > 0) {
			MUST(ioctl(giver->far, TIOCOUTQ, &queued) == 0);
			t_sleep_ms(queued > 0);
		}
		o_reset(giver->far);
	} else if (scene->in == O_IN_TTY) {
		MUST(write(giver->far, "\004", 1) == 1);
		return;
	} else {
		MUST(close(giver->far) == 0);
	}
	giver->far = -1;
}

static inline void *o_giver_run(void *argument)
{
	struct o_giver *giver = argument;
	const struct o_scene *scene = giver->scene;
	const unsigned char *content = o_content(scene);
	size_t first = scene->gives == O_PAUSES ? scene->size / 2 : scene->size;

	if (scene->in == O_IN_EARLY) {
		o_pause(10);
		MUST((giver->far = open(giver->path, O_WRONLY)) >= 0 && unlink(giver->path) == 0);
	}
	if (first == scene->size)
		o_busy(-1);
	o_give(giver->far, content, first);
	if (first != scene->size) {
		o_pause(10);
		o_busy(-1);
		o_give(giver->far, content + first, scene->size - first);
	}
	if (scene->gives == O_SILENT)
		return NULL;
	while (scene->gives == O_ENDS_AFTER && !o_flag(&o_shared->has_left) && !o_flag(&o_shared->over))
		t_sleep_ms(1);
	if (scene->gives == O_ENDS_AFTER && !o_flag(&o_shared->over)) {
		o_busy(1);
		o_pause(3);
		o_busy(-1);
	}
	o_give_up(giver);
	return NULL;
}

static inline void o_open_pty(int fds[2], int canonical)
{
	struct termios mode;

	MUST(openpty(&fds[0], &fds[1], NULL, NULL, NULL) == 0 && tcgetattr(fds[1], &mode) == 0);
	cfmakeraw(&mode);
	mode.c_lflag |= canonical ? ICANON : 0;
	MUST(tcsetattr(fds[1], TCSANOW, &mode) == 0);
}

static inline int o_listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
	return fd;
}

/* The two ends: [0] is read from. */
static inline void o_open_stream(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	int fds[2] = { -1, -1 }, swap;

	if (scene->in == O_IN_PIPE) {
		MUST(pipe(fds) == 0);
	} else if (scene->in == O_IN_FIFO || scene->in == O_IN_EARLY) {
		snprintf(giver->path, sizeof giver->path, "fifo-%d", (int)getpid());
		MUST(mkfifo(giver->path, 0600) == 0 && (fds[0] = open(giver->path, O_RDONLY | O_NONBLOCK)) >= 0);
		if (scene->in == O_IN_FIFO)
			MUST((fds[1] = open(giver->path, O_WRONLY)) >= 0 && unlink(giver->path) == 0);
	} else if (scene->in == O_IN_UNIX) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		if (scene->gives == O_RESET || scene->gives == O_RESETS)
			MUST(write(fds[0], "unread", 6) == 6);
	} else if (scene->in == O_IN_TCP) {
		t_tcp_pair(fds, 0, 0);
	} else {
		o_open_pty(fds, scene->in == O_IN_TTY);
		if (scene->in == O_IN_TTY) {
			swap = fds[0];
			fds[0] = fds[1];
			fds[1] = swap;
		}
	}
	giver->fd = fds[0];
	giver->far = fds[1];
}

static inline int o_size_index(size_t size)
{
	for (size_t i = 0; i < O_SIZES; i++)
		if (o_sizes[i] == size)
			return (int)i;
	return 0;
}

static inline void o_open_in(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	enum o_input in = scene->in;
	int index = o_size_index(scene->size), fds[2];

	giver->far = -1;
	if (in == O_IN_FILE)
		giver->fd = t_reopen(o_files[index], O_RDONLY);
	else if (in == O_IN_FILE_AT || in == O_IN_OFFSET)
		giver->fd = t_reopen(o_files_at[index], O_RDONLY);
	else if (in == O_IN_HOLE)
		giver->fd = t_reopen(o_memfds[index], O_RDONLY);
	else if (in == O_IN_WRITE_ONLY)
		giver->fd = t_reopen(o_files[index], O_WRONLY);
	else if (in == O_IN_ZERO || in == O_IN_NULL)
		giver->fd = open(in == O_IN_ZERO ? "/dev/zero" : "/dev/null", O_RDONLY);
	else if (in == O_IN_PROC || in == O_IN_SYS || in == O_IN_FOLDER)
		giver->fd = open(in == O_IN_PROC ? "/proc/filesystems" : in == O_IN_SYS ? o_sys_path : ".", O_RDONLY);
	else if (in == O_IN_LISTENER)
		giver->fd = o_listener();
	else if (in == O_IN_EPOLL)
		giver->fd = epoll_create1(0);
	else if (in == O_IN_HUNG_UP) {
		o_open_pty(fds, 1);
		MUST(close(fds[0]) == 0);
		giver->fd = fds[1];
	} else
		o_open_stream(giver);
	MUST(giver->fd >= 0);
	if (in == O_IN_FILE_AT)
		MUST(lseek(giver->fd, O_AT, SEEK_SET) == O_AT);
	t_nonblock(giver->fd, scene->nonblock_in);
	if (!o_is_stream_in(in))
		return;
	if (scene->gives == O_ENDED || scene->gives == O_RESET) {
		o_give(giver->far, o_content(scene), scene->size);
		o_give_up(giver);
		/* A terminal's line discipline has a thread of its own; so has, now and then, the loopback. */
		o_pause(o_is_terminal_in(in) || in == O_IN_TCP ? 2 : 0);
		return;
	}
	o_busy(1);
	giver->has_thread = 1;
	giver->thread = t_thread(o_giver_run, giver);
}

/* Reads what is left, so that the writer gets done, and says how much that was. */
static inline int64_t o_close_in(struct o_giver *giver)
{
	char bytes[65536];
	/* Without an end, or with one that the engine has heard of: so many looks in vain are as good. */
	int has_end = giver->scene->gives < O_TIMES_OUT && giver->scene->gives != O_SILENT && giver->scene->in != O_IN_TTY, patience = 0;
	int64_t left = 0;
	ssize_t n = 1;

	if (!o_is_stream_in(giver->scene->in)) {
		MUST(close(giver->fd) == 0);
		return 0;
	}
	t_nonblock(giver->fd, 1);
	while (patience < 5) {
		n = read(giver->fd, bytes, sizeof bytes);
		left += n > 0 ? n : 0;
		if (n > 0) {
			patience = 0;
			continue;
		}
		/* A FIFO whose writer has not been there yet says 0, too. */
		if (n == 0 && giver->scene->in == O_IN_EARLY && o_get(&o_shared->given) < (int64_t)giver->scene->size) {
			t_sleep_ms(1);
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			break;
		patience += !has_end && (!giver->has_thread || o_get(&o_shared->given) == (int64_t)giver->scene->size);
		(void)poll(&(struct pollfd){ .fd = giver->fd, .events = POLLIN }, 1, 2);
	}
	if (giver->has_thread)
		t_join(giver->thread);
	MUST(close(giver->fd) == 0 && (giver->far < 0 || close(giver->far) == 0));
	return left;
}

/* ---- An output and its reader ---- */

struct o_taker {
	const struct o_scene *scene;
	enum o_output kind;
	enum o_takes takes;
	int index, fd, far;
	size_t fill, most;      /* what was there before; how much it reads, then it leaves */
	size_t stop;            /* where it waits until we are done; SIZE_MAX: nowhere */
	pthread_t thread;
	int has_thread, wrong;
};

static inline void *o_taker_run(void *argument)
{
	struct o_taker *taker = argument;
	const unsigned char *content = o_content(taker->scene);
	static __thread unsigned char bytes[65536];
	size_t due = o_size(taker->scene), got = 0;

	if (taker->takes == O_DRAINS)
		o_pause(10);
	if (taker->takes != O_SLOW)
		o_busy(-1);
	while (got < taker->most) {
		size_t end = got < taker->stop && taker->stop < taker->most ? taker->stop : taker->most;
		size_t most = taker->fill ? taker->fill : end - got;
		ssize_t n;

		while (got == taker->stop && !o_flag(&o_shared->over))
			t_sleep_ms(1);
		n = read(taker->far, bytes, most < sizeof bytes ? most : sizeof bytes);
		if (n <= 0)
			break;
		if (taker->fill) {
			taker->fill -= (size_t)n;
			continue;
		}
		if (got + (size_t)n > due || memcmp(bytes, content + got, (size_t)n) != 0)
			taker->wrong = 1;
		got += (size_t)n;
		o_add(&o_shared->got[taker->index], n);
		if (taker->takes == O_SLOW && got < 400000)
			t_sleep_ms(1);
		if (taker->takes == O_SLOW && got >= 400000)
			taker->takes = (o_busy(-1), O_ROOM);
	}
	if (taker->takes == O_SLOW)
		o_busy(-1);
	if (got == taker->most) {
		MUST(close(taker->far) == 0);
		taker->far = -1;
		o_set(&o_shared->has_left, 1);
	}
	return NULL;
}

/* An AF_UNIX socket is writable for poll(2) while less than a quarter of it is taken, for write(2) while it is
 * not full. */
static inline size_t o_fill_half(int fd)
{
	static const char zeroes[1 << 14];
	size_t filled = 0;

	for (; t_ready(fd, POLLOUT); filled += sizeof zeroes)
		MUST(write(fd, zeroes, sizeof zeroes) == sizeof zeroes);
	return filled;
}

static inline void o_open_out(struct o_taker *taker)
{
	enum o_output out = taker->kind;
	int fds[2] = { -1, -1 }, fills = taker->takes == O_FULL || taker->takes == O_DRAINS;
	/* One that loses its reader half-way must not hold all there is. */
	int small = fills ? 4096 : taker->takes == O_TAKES_HALF ? 32768 : 0;

	taker->most = taker->takes == O_TAKES_ALL ? o_due(taker->scene)
		: taker->takes == O_TAKES_HALF ? o_due(taker->scene) / 2 : SIZE_MAX;
	taker->stop = taker->takes == O_FULL || taker->takes == O_HALF_FULL ? 0
		: taker->takes == O_STOPS ? o_due(taker->scene) - O_FILLS : SIZE_MAX;
	if (out == O_OUT_PIPE)
		MUST(pipe(fds) == 0);
	else if (out == O_OUT_UNIX)
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	else if (out == O_OUT_TCP)
		t_tcp_pair(fds, small, small);
	else if (out == O_OUT_TTY || out == O_OUT_MASTER)
		o_open_pty(fds, 0);
	else if (out == O_OUT_FILE || out == O_OUT_APPEND)
		fds[0] = t_file(out == O_OUT_APPEND ? 100 : 0);
	else if (out == O_OUT_NULL || out == O_OUT_FULL)
		fds[0] = open(out == O_OUT_NULL ? "/dev/null" : "/dev/full", O_WRONLY);
	else if (out == O_OUT_READ_ONLY)
		fds[0] = t_reopen(o_files[0], O_RDONLY);
	else
		fds[0] = out == O_OUT_LISTENER ? o_listener() : epoll_create1(0);
	taker->fd = fds[out == O_OUT_PIPE || out == O_OUT_TTY];
	taker->far = fds[out != O_OUT_PIPE && out != O_OUT_TTY];
	MUST(taker->fd >= 0 && (out != O_OUT_APPEND || fcntl(taker->fd, F_SETFL, O_APPEND) == 0));
	if (fills)
		taker->fill = out == O_OUT_PIPE ? t_fill_pipe(taker->fd) : t_fill_socket(taker->fd);
	if (taker->takes == O_HALF_FULL)
		taker->fill = o_fill_half(taker->fd);
	t_nonblock(taker->fd, taker->scene->nonblock_out);
	if (taker->takes == O_DEAD_RESET && out == O_OUT_UNIX)
		MUST(write(taker->fd, "unread", 6) == 6);
	if (taker->takes == O_DEAD || taker->takes == O_DEAD_RESET) {
		MUST(taker->takes == O_DEAD ? close(taker->far) == 0 : (o_reset(taker->far), 1));
		taker->far = -1;
		o_pause(out == O_OUT_TCP ? 2 : 0);
	} else if (o_is_stream_out(out)) {
		o_busy(1);
		taker->has_thread = 1;
		taker->thread = t_thread(o_taker_run, taker);
	}
}

static inline void o_close_out(struct o_taker *taker, struct o_outcome *outcome, int64_t due)
{
	unsigned char *bytes = NULL;
	struct stat stat;
	int64_t before = taker->kind == O_OUT_APPEND ? 100 : 0;

	if (taker->kind == O_OUT_FILE || taker->kind == O_OUT_APPEND) {
		MUST(fstat(taker->fd, &stat) == 0 && (bytes = malloc((size_t)stat.st_size + 1)));
		MUST(pread(taker->fd, bytes, (size_t)stat.st_size, 0) == stat.st_size);
		outcome->got[taker->index] = stat.st_size - before;
		if (!t_is_pattern(bytes, (size_t)before, 0) || stat.st_size - before > (int64_t)o_size(taker->scene)
		    || memcmp(bytes + before, o_content(taker->scene), (size_t)(stat.st_size - before)) != 0)
			outcome->wrong = 1;
		free(bytes);
	}
	/* A terminal that hangs up loses what has not been read. */
	for (int ms = 0; (taker->kind == O_OUT_MASTER || taker->kind == O_OUT_TTY) && o_get(&o_shared->got[taker->index]) < due && ms < 2000; ms++)
		t_sleep_ms(1);
	MUST(close(taker->fd) == 0);
	if (taker->has_thread) {
		t_join(taker->thread);
		outcome->got[taker->index] = o_get(&o_shared->got[taker->index]);
	}
	outcome->wrong |= taker->wrong;
	if (taker->far >= 0)
		MUST(close(taker->far) == 0);
}

/* ---- The plain loop ---- */

static inline void o_wait(int fd, short events)
{
	MUST(poll(&(struct pollfd){ .fd = fd, .events = events }, 1, -1) == 1 || errno == EINTR);
}

static inline int64_t o_plain(int in, int64_t *off_in, const int *outs, int count, uint64_t len, size_t buffer,
			      struct zs_result *result, int64_t written[2])
{
	static unsigned char bytes[1 << 20];

	while (result->bytes < len) {
		uint64_t rest = len - result->bytes;
		size_t most = rest < buffer ? rest : buffer;
		ssize_t n = off_in ? pread(in, bytes, most, *off_in) : read(in, bytes, most), m;

		if (n < 0 && errno == EAGAIN) {
			o_wait(in, POLLIN);
			continue;
		}
		if (n <= 0)
			return n < 0 ? -1 : (int64_t)result->bytes;
		for (int i = 0; i < count; i++)
			for (ssize_t at = 0; at < n; at += m > 0 ? m : 0) {
				m = write(outs[i], bytes + at, (size_t)(n - at));
				written[i] += m > 0 ? m : 0;
				if (m < 0 && errno == EAGAIN)
					o_wait(outs[i], POLLOUT);
				else if (m < 0)
					return -1;
			}
		*(off_in ? off_in : &(int64_t){ 0 }) += n;
		result->bytes += (uint64_t)n;
	}
	return (int64_t)result->bytes;
}

/* ---- The functions ---- */

static inline int o_go_on(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	return 0;
}

static inline void o_set_options(enum o_option option, struct zs_options *options)
{
	int64_t hour = (int64_t)3600 * 1000000000;

	*options = (struct zs_options){ .flags = option == O_QUIET ? ZS_NOSIGPIPE : option == O_STABLE ? ZS_STABLE : 0 };
	options->timeout_ns = options->idle_ns = option == O_TIMEOUT ? hour : 0;
	options->progress = option == O_PROGRESS ? o_go_on : NULL;
}

static inline int64_t o_ours(const struct o_scene *scene, int in, int64_t *off_in, const int *outs,
			     struct zs_result *result, int64_t written[2])
{
	struct zs_options options;
	struct zs_result results[2];
	int64_t returned;

	o_set_options(scene->option, &options);
	if (scene->function == O_COPY || scene->function == O_RELAY || scene->function == O_BRIDGE) {
		returned = t_engine(scene->function == O_COPY ? T_BY_COPY : scene->function == O_RELAY ? T_BY_RELAY
				    : T_BY_BRIDGE, in, off_in, outs[0], o_asked(scene), scene->option ? &options : NULL,
				    result);
		written[0] = (int64_t)result->bytes;
		return returned;
	}
	returned = zs_fanout(in, off_in, outs, (size_t)o_outs(scene), o_asked(scene), scene->option ? &options : NULL,
			     results);
	*result = results[o_the_output(scene)];
	for (int i = 0; i < o_outs(scene); i++)
		written[i] = (int64_t)results[i].bytes;
	return returned;
}

/* ---- Playing it, in a child ---- */

static volatile sig_atomic_t o_sigpipes;

static inline void o_sigpipe(int signal)
{
	(void)signal;
	o_sigpipes++;
}

static inline void o_child(const struct o_scene *scene, size_t way)
{
	struct sigaction action = { .sa_handler = o_sigpipe, .sa_flags = SA_RESTART };
	struct o_giver giver = { .scene = scene };
	struct o_taker takers[2] = { { 0 } };
	struct o_outcome outcome = { 0 };
	struct zs_result result = { 0 };
	int64_t offset = O_AT, *off_in = scene->in == O_IN_OFFSET ? &offset : NULL;
	int64_t written[2] = { 0 };
	int outs[2], count = o_outs(scene);

	MUST(sigaction(SIGPIPE, &action, NULL) == 0);
	if (scene->gives == O_PROHIBITED)
		MUST(unshare(CLONE_NEWNET) == 0 && system("ip link set lo up") == 0);
	for (int i = 0; i < count; i++) {
		takers[i] = (struct o_taker){ .scene = scene, .index = i, .kind = scene->out, .takes = scene->takes };
		if (i != o_the_output(scene)) {
			takers[i].takes = O_ROOM;
			takers[i].kind = o_always_fails(scene->out) ? O_OUT_NULL : scene->out;
		}
		o_open_out(&takers[i]);
		outs[i] = takers[i].fd;
	}
	o_open_in(&giver);
	(void)t_null();
	errno = 0x5a5a;
	outcome.returned = way == O_OURS ? o_ours(scene, giver.fd, off_in, outs, &result, written)
		: o_plain(giver.fd, off_in, outs, count, o_asked(scene), way, &result, written);
	outcome.error = outcome.returned < 0 ? errno : 0;
	outcome.errno_kept = outcome.returned < 0 || errno == 0x5a5a;
	o_set(&o_shared->returned, 1);
	outcome.sigpipe = o_sigpipes;
	outcome.bytes = result.bytes;
	outcome.in_flight = result.in_flight;
	outcome.result_error = result.error;
	outcome.position[0] = scene->in == O_IN_OFFSET ? offset - O_AT + lseek(giver.fd, 0, SEEK_CUR)
		: o_seeks(scene->in) ? lseek(giver.fd, 0, SEEK_CUR) - (scene->in == O_IN_FILE_AT ? O_AT : 0) : 0;
	outcome.position[1] = scene->out == O_OUT_FILE ? lseek(outs[0], 0, SEEK_CUR) : 0;
	o_set(&o_shared->over, 1);
	outcome.left = o_close_in(&giver);
	for (int i = 0; i < count; i++)
		o_close_out(&takers[i], &outcome, written[i]);
	o_shared->outcome = outcome;
	_exit(t_failures ? 99 : 0);
}

/* ---- Watching it ---- */

/* Whether the process sleeps, and how often its main thread has gone to sleep so far. */
static inline int o_sleeps(pid_t child, long *often)
{
	char name[64], text[4096], *at;
	int fd, sleeps;
	ssize_t n;

	snprintf(name, sizeof name, "/proc/%d/status", (int)child);
	if ((fd = open(name, O_RDONLY)) < 0)
		return 0;
	n = read(fd, text, sizeof text - 1);
	MUST(close(fd) == 0);
	text[n > 0 ? n : 0] = 0;
	sleeps = (at = strstr(text, "State:\t")) && strchr("SD", at[7]);
	*often = (at = strstr(text, "\nvoluntary_ctxt_switches:")) ? strtol(at + 25, NULL, 10) : 0;
	return sleeps;
}

#define O_LOOK_MS 8
#define O_LOOKS 4

/* Plays the scene. One that does nothing for a few looks waits, and with `patience_ms` one that is not done by
 * then: a pause of the kernel's, or of another process, is no wait. */
static inline struct o_outcome o_play(const struct o_scene *scene, size_t way, int patience_ms)
{
	struct pollfd done = { .events = POLLIN };
	struct o_outcome outcome;
	int64_t end, moved, before = -1;
	int fds[2], status, quiet = 0, waits = 0;
	long often = 0, earlier = -1;
	pid_t child;

	memset(o_shared, 0, sizeof *o_shared);
	MUST(pipe2(fds, O_CLOEXEC) == 0);
	MUST((child = fork()) >= 0);
	if (child == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		o_child(scene, way);
	}
	MUST(close(fds[1]) == 0);
	done.fd = fds[0];
	end = t_now_ms() + (patience_ms ? patience_ms : 2000);
	while (!waits && poll(&done, 1, patience_ms ? 5 * O_LOOK_MS : O_LOOK_MS) == 0) {
		moved = o_get(&o_shared->given) + o_get(&o_shared->got[0]) + o_get(&o_shared->got[1]);
		if (!patience_ms && o_sleeps(child, &often) && !o_flag(&o_shared->busy) && often == earlier && moved == before
		    && !o_flag(&o_shared->returned))
			quiet++;
		else
			quiet = 0;
		earlier = often;
		before = moved;
		waits = (!patience_ms && quiet >= O_LOOKS)
			|| (t_now_ms() > end && !o_flag(&o_shared->returned)) || t_now_ms() > end + 5000;
	}
	if (waits)
		MUST(kill(child, SIGKILL) == 0);
	MUST(waitpid(child, &status, 0) == child && close(fds[0]) == 0);
	if (waits && !o_flag(&o_shared->returned))
		return (struct o_outcome){ .waits = 1, .got = { o_get(&o_shared->got[0]), o_get(&o_shared->got[1]) } };
	outcome = o_shared->outcome;
	outcome.killed = waits ? SIGKILL : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	return outcome;
}

#endif
