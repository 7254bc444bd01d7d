/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenes for the oracle: an input and what it does, an output and what it does, and what a transfer between
 * them comes to. After t.h. */
#ifndef T_ORACLE_SCENE_H
#define T_ORACLE_SCENE_H

#include <sys/mman.h>

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

/* While somebody is busy, nobody may take the scene for one that waits for ever. */
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

#endif
