/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Descriptors of every kind, and a digest of the state that a call leaves them in. Two of the same kind that
 * were treated alike have the same digest. Include after t.h. */
#ifndef T_ENDPOINTS_H
#define T_ENDPOINTS_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define T_FILE_LEN 10000

enum t_kind {
	/* No descriptor. */
	T_MINUS_ONE, T_BEYOND, T_INT_MIN, T_INT_MAX, T_CLOSED,
	/* Files. */
	T_FILE, T_FILE_AT_100, T_FILE_READ_ONLY, T_FILE_WRITE_ONLY, T_FILE_APPEND, T_FILE_EMPTY,
	T_PATH, T_FOLDER, T_MEMORY, T_PROC, T_NULL, T_FULL, T_EVENT, T_EPOLL,
	/* Pipes, O_NONBLOCK. The first ones are read ends. */
	T_PIPE_IN, T_PIPE_IN_EMPTY, T_PIPE_IN_ENDED, T_PIPE_IN_LAST_BYTES,
	T_PIPE_OUT, T_PIPE_OUT_FULL, T_PIPE_OUT_HALF, T_PIPE_OUT_BROKEN,
	/* Sockets, O_NONBLOCK. */
	T_UNIX, T_UNIX_EMPTY, T_UNIX_SHUT, T_UNIX_DATAGRAM, T_TCP, T_TCP_UNCONNECTED,
	T_KINDS
};

static inline const char *t_kind_name(enum t_kind kind)
{
	static const char *const names[T_KINDS] = {
		[T_MINUS_ONE] = "-1",
		[T_BEYOND] = "a number beyond the table",
		[T_INT_MIN] = "INT_MIN",
		[T_INT_MAX] = "INT_MAX",
		[T_CLOSED] = "closed descriptor",
		[T_FILE] = "file",
		[T_FILE_AT_100] = "file at position 100",
		[T_FILE_READ_ONLY] = "read-only file",
		[T_FILE_WRITE_ONLY] = "write-only file",
		[T_FILE_APPEND] = "file with O_APPEND",
		[T_FILE_EMPTY] = "empty file",
		[T_PATH] = "file with O_PATH",
		[T_FOLDER] = "directory",
		[T_MEMORY] = "memfd",
		[T_PROC] = "file of /proc",
		[T_NULL] = "/dev/null",
		[T_FULL] = "/dev/full",
		[T_EVENT] = "eventfd",
		[T_EPOLL] = "epoll",
		[T_PIPE_IN] = "pipe",
		[T_PIPE_IN_EMPTY] = "empty pipe",
		[T_PIPE_IN_ENDED] = "ended pipe",
		[T_PIPE_IN_LAST_BYTES] = "pipe with its last bytes",
		[T_PIPE_OUT] = "pipe to write to",
		[T_PIPE_OUT_FULL] = "full pipe",
		[T_PIPE_OUT_HALF] = "half full pipe",
		[T_PIPE_OUT_BROKEN] = "pipe without a reader",
		[T_UNIX] = "Unix socket",
		[T_UNIX_EMPTY] = "empty Unix socket",
		[T_UNIX_SHUT] = "Unix socket that is shut down",
		[T_UNIX_DATAGRAM] = "Unix datagram socket",
		[T_TCP] = "TCP socket",
		[T_TCP_UNCONNECTED] = "unconnected TCP socket",
	};

	return names[kind];
}

/* The kinds that can move something, and a few that cannot. */
static const enum t_kind t_useful[] = { T_CLOSED, T_FILE, T_FILE_AT_100, T_FILE_APPEND,
					T_PIPE_IN, T_PIPE_OUT, T_UNIX };
#define T_USEFUL (sizeof t_useful / sizeof *t_useful)

struct t_endpoint {
	int fd;
	int other;   /* a pipe's or socket's other end, the same file once more; -1: none */
	enum t_kind kind;
};

static inline void t_open_file_endpoint(struct t_endpoint *end)
{
	enum t_kind kind = end->kind;

	end->other = kind == T_MEMORY ? memfd_create("t", 0) : t_file(T_FILE_LEN);
	MUST(end->other >= 0 && (kind != T_FILE_EMPTY || ftruncate(end->other, 0) == 0));
	MUST(kind != T_MEMORY || pwrite(end->other, "in memory", 9, 0) == 9);
	end->fd = t_reopen(end->other, kind == T_FILE_READ_ONLY ? O_RDONLY
			   : kind == T_FILE_WRITE_ONLY ? O_WRONLY
			   : kind == T_FILE_APPEND ? O_RDWR | O_APPEND
			   : kind == T_PATH ? O_PATH : O_RDWR);
	MUST(kind != T_FILE_AT_100 || lseek(end->fd, 100, SEEK_SET) == 100);
}

static inline void t_open_pipe_endpoint(struct t_endpoint *end)
{
	enum t_kind kind = end->kind;
	int fds[2], reads = kind < T_PIPE_OUT;

	MUST(pipe2(fds, O_NONBLOCK) == 0);
	if (kind == T_PIPE_IN || kind == T_PIPE_IN_LAST_BYTES)
		MUST(write(fds[1], "a pipe's bytes", 14) == 14);
	if (kind == T_PIPE_OUT_HALF)
		MUST(write(fds[1], "half", 4) == 4);
	if (kind == T_PIPE_OUT_FULL)
		t_fill_pipe(fds[1]);
	end->fd = fds[!reads];
	end->other = fds[reads];
	if (kind == T_PIPE_IN_ENDED || kind == T_PIPE_IN_LAST_BYTES || kind == T_PIPE_OUT_BROKEN) {
		MUST(close(end->other) == 0);
		end->other = -1;
	}
}

static inline void t_open_socket_endpoint(struct t_endpoint *end)
{
	enum t_kind kind = end->kind;
	int fds[2] = { socket(AF_INET, SOCK_STREAM, 0), -1 };

	if (kind == T_TCP)
		MUST(close(fds[0]) == 0);
	if (kind == T_TCP)
		t_tcp_pair(fds, 0, 0);
	else if (kind != T_TCP_UNCONNECTED)
		MUST(close(fds[0]) == 0 && socketpair(AF_UNIX, kind == T_UNIX_DATAGRAM ?
						      SOCK_DGRAM : SOCK_STREAM, 0, fds) == 0);
	end->fd = fds[0];
	end->other = fds[1];
	t_nonblock(end->fd, 1);
	if (kind == T_UNIX || kind == T_UNIX_DATAGRAM || kind == T_TCP)
		MUST(write(end->other, "a socket's bytes", 16) == 16);
	if (kind == T_TCP)
		MUST(poll(&(struct pollfd){ .fd = end->fd, .events = POLLIN }, 1, -1) == 1);
	if (kind == T_UNIX_SHUT)
		MUST(shutdown(end->fd, SHUT_RDWR) == 0);
}

static inline struct t_endpoint t_open_endpoint(enum t_kind kind)
{
	struct t_endpoint end = { -1, -1, kind };

	if (kind == T_BEYOND)
		end.fd = 999;
	else if (kind == T_INT_MIN || kind == T_INT_MAX)
		end.fd = kind == T_INT_MIN ? INT_MIN : INT_MAX;
	else if (kind == T_CLOSED)
		MUST((end.fd = fcntl(2, F_DUPFD, 500)) >= 500 && close(end.fd) == 0);
	else if ((kind >= T_FILE && kind <= T_PATH) || kind == T_MEMORY)
		t_open_file_endpoint(&end);
	else if (kind == T_FOLDER)
		MUST((end.fd = open(".", O_RDONLY)) >= 0);
	else if (kind == T_PROC)
		MUST((end.fd = open("/proc/self/status", O_RDONLY)) >= 0);
	else if (kind == T_NULL || kind == T_FULL)
		MUST((end.fd = open(kind == T_NULL ? "/dev/null" : "/dev/full", O_RDWR)) >= 0);
	else if (kind == T_EVENT || kind == T_EPOLL)
		MUST((end.fd = kind == T_EVENT ? eventfd(7, EFD_NONBLOCK) : epoll_create1(0)) >= 0);
	else if (kind >= T_PIPE_IN && kind <= T_PIPE_OUT_BROKEN)
		t_open_pipe_endpoint(&end);
	else if (kind >= T_UNIX)
		t_open_socket_endpoint(&end);
	return end;
}

/* FNV-1a over everything that can be read from `fd`: of a file from its start, of others without waiting. */
static inline uint64_t t_digest(int fd, uint64_t digest)
{
	unsigned char bytes[16384];
	struct stat stat;
	off_t at = 0;
	ssize_t n;

	MUST(fstat(fd, &stat) == 0);
	while ((n = S_ISREG(stat.st_mode) ? pread(fd, bytes, sizeof bytes, at)
					  : read(fd, bytes, sizeof bytes)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			digest = (digest ^ bytes[i]) * 0x100000001b3;
		digest = (digest ^ (uint64_t)n) * 0x100000001b3;
		at += n;
	}
	return digest;
}

/* All that the caller can see of a call and its outcome. */
struct t_trace {
	int64_t returned, error;
	int64_t offset[2], position[2];
	uint64_t bytes[2];
};

/* Stores the position and the digest of an endpoint, and closes it. */
static inline void t_digest_endpoint(struct t_endpoint end, int64_t *position, uint64_t *bytes)
{
	int has_fd = end.kind > T_CLOSED;

	*bytes = 0xcbf29ce484222325;
	*position = has_fd ? lseek(end.fd, 0, SEEK_CUR) : -1;
	if (end.kind >= T_PIPE_IN && end.kind < T_TCP_UNCONNECTED) {
		if (end.kind < T_PIPE_OUT || end.kind >= T_UNIX)
			*bytes = t_digest(end.fd, *bytes);
		if (end.kind >= T_UNIX)
			(void)shutdown(end.fd, SHUT_WR); /* so that reading the other end comes to an end, even over TCP */
		if (end.kind == T_UNIX_DATAGRAM)
			t_nonblock(end.other, 1);
	}
	if (end.other >= 0 && end.kind != T_PIPE_IN && end.kind != T_PIPE_IN_EMPTY)
		*bytes = t_digest(end.other, *bytes);
	if (has_fd)
		MUST(close(end.fd) == 0);
	if (end.other >= 0)
		MUST(close(end.other) == 0);
}

static inline int t_same(const struct t_trace *a, const struct t_trace *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

/* What the pointer to an offset points to. */
enum t_pointer { T_NO_POINTER, T_TO_OFFSET, T_TO_NOWHERE, T_TO_READ_ONLY };

/* One case of a transfer between two endpoints. */
struct t_case {
	enum t_kind in, out;
	enum t_pointer in_pointer, out_pointer;
	int64_t in_offset, out_offset;
	size_t len;
	unsigned int flags;
};

typedef ssize_t t_transfer(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
			   unsigned int flags);

static inline int64_t *t_pointer(enum t_pointer pointer, int64_t *offset)
{
	static int64_t *nowhere, *read_only;

	if (!nowhere) {
		nowhere = mmap(NULL, T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		read_only = mmap(NULL, T_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(nowhere != MAP_FAILED && read_only != MAP_FAILED);
	}
	return pointer == T_NO_POINTER ? NULL : pointer == T_TO_OFFSET ? offset
		: pointer == T_TO_NOWHERE ? nowhere : read_only;
}

static inline struct t_trace t_run_case(t_transfer *transfer, const struct t_case *c)
{
	struct t_trace trace = { .offset = { c->in_offset, c->out_offset } };
	struct t_endpoint in = t_open_endpoint(c->in), out = t_open_endpoint(c->out);

	errno = 0x5a5a;
	trace.returned = transfer(in.fd, t_pointer(c->in_pointer, &trace.offset[0]), out.fd,
				  t_pointer(c->out_pointer, &trace.offset[1]), c->len, c->flags);
	trace.error = errno;
	t_digest_endpoint(in, &trace.position[0], &trace.bytes[0]);
	t_digest_endpoint(out, &trace.position[1], &trace.bytes[1]);
	return trace;
}

/* Runs the case with the kernel's call and with ours, and checks that the outcomes are equal. Returns that of
 * the kernel's call. */
static inline struct t_trace t_compare(t_transfer *kernel, t_transfer *ours, const struct t_case *c)
{
	static const char *const pointers[] = { "none", "given", "at unmapped memory", "in read-only memory" };
	struct t_trace a, b;

	t_scene("from a %s (offset %s, %lld) to a %s (offset %s, %lld), len %zu, flags %s", t_kind_name(c->in),
		pointers[c->in_pointer], (long long)c->in_offset, t_kind_name(c->out), pointers[c->out_pointer],
		(long long)c->out_offset, c->len, t_splice_flag_words(c->flags));
	a = t_run_case(kernel, c);
	b = t_run_case(ours, c);
	OK(a.returned < 0 || a.error == 0x5a5a);
	if (!OK(t_same(&a, &b)))
		fprintf(stderr, "    kernel: %lld (errno %s), ours: %lld (errno %s)\n", (long long)a.returned,
			t_errno_name((int)a.error), (long long)b.returned, t_errno_name((int)b.error));
	return a;
}

/* The table of cases: every kind on either side, and for the useful kinds every offset, length and flag.
 * `moved` counts those of all `cases` that moved something. */
struct t_table {
	const size_t *lens;
	int lens_count;
	const unsigned int *flags;
	int flags_count;
	int offsets;   /* how many of the two pointers the call has */
	int moved, cases;
};

static inline void t_table_case(t_transfer *kernel, t_transfer *ours, struct t_table *table,
				struct t_case c)
{
	struct t_trace trace = t_compare(kernel, ours, &c);

	table->cases++;
	table->moved += trace.returned > 0;
}

static inline void t_table(t_transfer *kernel, t_transfer *ours, struct t_table *table)
{
	static const struct { enum t_pointer pointer; int64_t offset; } offsets[] = {
		{ T_NO_POINTER, 0 }, { T_TO_OFFSET, 0 }, { T_TO_OFFSET, 9990 }, { T_TO_OFFSET, 5000 },
		{ T_TO_OFFSET, -1 }, { T_TO_OFFSET, INT64_MIN }, { T_TO_OFFSET, INT64_MAX },
		{ T_TO_OFFSET, INT64_MAX - 4096 }, { T_TO_OFFSET, (int64_t)1 << 40 },
		{ T_TO_NOWHERE, 0 }, { T_TO_READ_ONLY, 0 },
	};
	size_t count = sizeof offsets / sizeof *offsets;
	struct rlimit limit = { 65536, 65536 };

	/* No file grows without bound, and no signal ends the comparison. */
	MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int in = 0; in < T_KINDS; in++)
		for (int out = 0; out < T_KINDS; out++)
			t_table_case(kernel, ours, table, (struct t_case){
				.in = in, .out = out, .len = 50, .flags = table->flags[0] });
	for (size_t pair = 0; pair < T_USEFUL * T_USEFUL; pair++) {
		struct t_case c = { .in = t_useful[pair / T_USEFUL],
				    .out = t_useful[pair % T_USEFUL] };

		c.flags = table->flags[0];
		for (size_t i = 0; i < (table->offsets ? count * count : 0); i++) {
			c.in_pointer = offsets[i / count].pointer;
			c.in_offset = offsets[i / count].offset;
			c.out_pointer = offsets[i % count].pointer;
			c.out_offset = offsets[i % count].offset;
			c.len = 50;
			/* Both offsets at once only where at least one of them is valid. */
			if (i % count == 0 || (table->offsets == 2 && (i / count < 3 || i % count < 3)))
				t_table_case(kernel, ours, table, c);
		}
		c.in_pointer = c.out_pointer = T_NO_POINTER;
		for (int i = 0; i < table->lens_count; i++) {
			c.len = table->lens[i];
			t_table_case(kernel, ours, table, c);
		}
		for (int i = 0; i < table->flags_count * 2; i++) {
			c.flags = table->flags[i / 2];
			c.len = i % 2 ? 7 : 0;
			t_table_case(kernel, ours, table, c);
		}
	}
	printf("%d cases, %d moved something\n", table->cases, table->moved);
}

#endif
