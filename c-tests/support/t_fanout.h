/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of zs_fanout: an input of any kind that supplies the pattern, and outputs of any kind, each checked
 * byte by byte. Include after t.h, t_result.h and t_copy.h. */
#ifndef T_FANOUT_H
#define T_FANOUT_H

/* Calls zs_fanout with options, given as named fields of struct zs_options. */
#define T_FANOUT(in, off_in, fan, len, ...) \
	zs_fanout(in, off_in, (fan)->fds, (fan)->count, len, \
		&(struct zs_options){ .size = sizeof(struct zs_options), __VA_ARGS__ }, (fan)->results)

/* From now on `spare` more descriptors can be opened; SIZE_MAX removes the limit. */
static inline void t_limit_descriptors(size_t spare)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = spare == SIZE_MAX ? limit.rlim_max : 0;
	while (spare > 0 && spare != SIZE_MAX)
		spare -= fcntl((int)limit.rlim_cur++, F_GETFD) < 0;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* ---- Inputs ---- */

enum t_from { T_FROM_FILE, T_FROM_PIPE, T_FROM_UNIX, T_FROM_TCP, T_FROMS };

static inline const char *t_from_name(enum t_from kind)
{
	static const char *const names[] = {
		[T_FROM_FILE] = "file",
		[T_FROM_PIPE] = "pipe",
		[T_FROM_UNIX] = "Unix socket",
		[T_FROM_TCP] = "TCP socket",
	};

	return names[kind];
}

/* The stream that an input is which is no file. */
static inline enum t_stream t_from_stream(enum t_from kind)
{
	return kind == T_FROM_PIPE ? T_A_PIPE : kind == T_FROM_UNIX ? T_A_UNIX : T_A_TCP;
}

struct t_source {
	int fd, far;
	size_t len;
	pthread_t writer;
};

static inline void *t_source_run(void *argument)
{
	struct t_source *source = argument;

	t_write_pattern(source->far, source->len);
	MUST(close(source->far) == 0);
	return NULL;
}

/* `len` bytes of the pattern, then the end. */
static inline void t_source(struct t_source *source, enum t_from kind, int nonblock, size_t len)
{
	int fds[2];

	*source = (struct t_source){ .far = -1, .len = len };
	if (kind == T_FROM_FILE) {
		source->fd = t_file(len);
		return;
	}
	t_stream(t_from_stream(kind), fds);
	source->fd = fds[0];
	source->far = fds[1];
	t_nonblock(fds[0], nonblock);
	source->writer = t_thread(t_source_run, source);
}

static inline void t_source_end(struct t_source *source)
{
	if (source->far >= 0)
		t_join(source->writer);
	MUST(close(source->fd) == 0);
}

/* ---- Outputs ---- */

enum t_out { T_TO_PIPE, T_TO_FIFO, T_TO_UNIX, T_TO_TCP, T_TO_PTY, T_TO_FILE, T_TO_APPEND, T_TO_NULL, T_OUTS };

static inline const char *t_out_name(enum t_out kind)
{
	static const char *const names[] = {
		[T_TO_PIPE] = "pipe",
		[T_TO_FIFO] = "FIFO",
		[T_TO_UNIX] = "Unix socket",
		[T_TO_TCP] = "TCP socket",
		[T_TO_PTY] = "terminal",
		[T_TO_FILE] = "file",
		[T_TO_APPEND] = "file with O_APPEND",
		[T_TO_NULL] = "/dev/null",
	};

	return names[kind];
}

struct t_output {
	enum t_out kind;
	int far, right, pause_us;
	size_t got;
	pthread_t reader;
};

struct t_fan {
	size_t count;
	int fds[64];
	struct zs_result results[64];
	struct t_output of[64];
};

/* Reads until the end, with a pause of `pause_us` after every read. */
static inline void *t_output_run(void *argument)
{
	struct t_output *output = argument;
	char bytes[16384];
	ssize_t n;

	for (;;) {
		n = read(output->far, bytes, sizeof bytes);
		if (n == 0 || (n < 0 && errno == EIO)) /* a terminal that has hung up */
			return NULL;
		MUST(n > 0);
		output->right &= t_is_pattern(bytes, (size_t)n, output->got);
		/* Others may look how far it is. */
		__atomic_fetch_add(&output->got, (size_t)n, __ATOMIC_RELAXED);
		if (output->pause_us > 0)
			usleep((useconds_t)output->pause_us);
	}
}

/* Adds an output. Its reader, if the kind has one, pauses for `pause_us` after every read; -1: it never reads. */
static inline struct t_output *t_fan_add(struct t_fan *fan, enum t_out kind, int nonblock, int pause_us)
{
	struct t_output *output = &fan->of[fan->count];
	int fds[2] = { -1, -1 };

	*output = (struct t_output){ .kind = kind, .right = 1, .pause_us = pause_us };
	switch (kind) {
	case T_TO_FIFO:
		MUST(mkfifo("t-fanout", 0600) == 0);
		MUST((fds[0] = open("t-fanout", O_RDONLY | O_NONBLOCK)) >= 0);
		MUST((fds[1] = open("t-fanout", O_WRONLY)) >= 0 && unlink("t-fanout") == 0);
		t_nonblock(fds[0], 0);
		break;
	case T_TO_FILE:
		fds[1] = t_file(0);
		break;
	case T_TO_APPEND:
		fds[0] = t_file(0);
		fds[1] = t_reopen(fds[0], O_RDWR | O_APPEND);
		MUST(close(fds[0]) == 0);
		fds[0] = -1;
		break;
	case T_TO_NULL:
		MUST((fds[1] = open("/dev/null", O_WRONLY)) >= 0);
		break;
	default:
		t_stream(kind == T_TO_PIPE ? T_A_PIPE : kind == T_TO_UNIX ? T_A_UNIX
			 : kind == T_TO_TCP ? T_A_TCP : T_A_PTY, fds);
	}
	output->far = fds[0];
	t_nonblock(fds[1], nonblock);
	if (output->far >= 0 && pause_us >= 0)
		output->reader = t_thread(t_output_run, output);
	fan->results[fan->count] = t_unwritten();
	fan->fds[fan->count++] = fds[1];
	return output;
}

/* Closes output `i` and returns how many bytes arrived there, or SIZE_MAX if they are not the pattern. */
static inline size_t t_fan_got(struct t_fan *fan, size_t i)
{
	struct t_output *output = &fan->of[i];
	int fd = fan->fds[i];

	if (output->kind == T_TO_NULL) {
		output->got = fan->results[i].bytes;
	} else if (output->far < 0) {
		output->got = (size_t)t_size(fd);
		output->right = t_has_pattern(fd, 0, output->got, 0) && t_position(fd) == t_size(fd);
	}
	MUST(close(fd) == 0);
	if (output->far >= 0) {
		if (output->pause_us < 0)
			t_output_run(output);
		else
			t_join(output->reader);
		MUST(close(output->far) == 0);
	}
	return output->right ? output->got : SIZE_MAX;
}

/* Closes all outputs. Returns whether each has received as many bytes as its result says, whether these and the
 * bytes in flight add up to `taken`, and whether no result has an error. */
static inline int t_fan_whole(struct t_fan *fan, size_t taken)
{
	int whole = 1;

	for (size_t i = 0; i < fan->count; i++) {
		const struct zs_result *result = &fan->results[i];
		size_t got = t_fan_got(fan, i);

		if (got == result->bytes && result->bytes + result->in_flight == taken && result->error == 0 &&
		    result->side == 0)
			continue;
		whole = 0;
		fprintf(stderr, "output %zu, kind %s: got %zd, bytes %llu, in flight %llu, error %s, side %s, "
			"via %s; taken %zu\n", i, t_out_name(fan->of[i].kind), (ssize_t)got,
			(unsigned long long)result->bytes, (unsigned long long)result->in_flight,
			t_errno_name(result->error), t_side_word(result->side), t_via_words(result->via),
			taken);
	}
	fan->count = 0;
	return whole;
}

#endif
