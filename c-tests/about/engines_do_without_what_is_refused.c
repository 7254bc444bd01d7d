/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whatever an engine is refused - each system call that it makes, one by one and by each error of a sandbox,
 * new descriptors -, it does what read(2) and write(2) can do: all bytes arrive. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_calls.h"
#include "t_engines.h"

#define LEN ((size_t)200000)

/* ---- A transfer ---- */

enum kind { A_FILE, A_SPARSE, A_PIPE, A_UNIX, A_TCP, KINDS };
static const char *const names[] = { "file", "sparse file", "pipe", "AF_UNIX socket", "TCP socket" };

struct story {
	enum t_engine engine;
	enum kind from, to;
	int nonblock;
	/* One of these is done to it. */
	long call;              /* refused with `error` */
	int error;              /* 0: none is refused */
	int limit;              /* RLIMIT_NOFILE; 0: none */
	/* What happened. */
	int in, out, far_in, far_out, is_right;
};

static unsigned char bytes[LEN], got[LEN + 1];

static int is_stream(enum kind kind)
{
	return kind >= A_PIPE;
}

/* [0] is read from. */
static void open_stream(enum kind kind, int fds[2])
{
	if (kind == A_PIPE)
		MUST(pipe(fds) == 0);
	else if (kind == A_UNIX)
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	else
		t_tcp_pair(fds, 0, 0);
}

static void *feed(void *argument)
{
	struct story *it = argument;

	for (size_t at = 0; at < LEN; at += 50000) {
		t_write(it->far_in, bytes + at, 50000);
		t_sleep_ms(1);
	}
	MUST(close(it->far_in) == 0);
	return NULL;
}

static void *consume(void *argument)
{
	struct story *it = argument;

	it->is_right = t_read(it->far_out, got, sizeof got) == LEN && memcmp(got, bytes, LEN) == 0;
	return NULL;
}

static void fill(enum kind kind)
{
	t_pattern(bytes, LEN, 0);
	if (kind == A_SPARSE) {
		memset(bytes, 0, 65536);
		memset(bytes + 131072, 0, LEN - 131072);
	}
}

static int input(enum kind kind)
{
	int fd = t_file(0);

	MUST(ftruncate(fd, LEN) == 0);
	if (kind == A_SPARSE)
		MUST(pwrite(fd, bytes + 65536, 65536, 65536) == 65536);
	else
		MUST(pwrite(fd, bytes, LEN, 0) == LEN);
	return fd;
}

static void restrict_it(const struct story *it)
{
	struct rlimit limit = { (rlim_t)it->limit - 1, (rlim_t)it->limit - 1 };

	if (it->limit)
		MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (it->error)
		t_refuse(it->call, it->error);
}

/* For t_system_calls, which looks at what is between two of these. */
static void mark(void)
{
	(void)syscall(SYS_getpgid, -77);
}

static void tell(const struct story *it, const char *what)
{
	fprintf(stderr, "%s from %s to %s%s, ", t_engine_name(it->engine), names[it->from], names[it->to],
		it->nonblock ? ", O_NONBLOCK" : "");
	if (it->error)
		fprintf(stderr, "system call %ld refused (%s)", it->call, strerror(it->error));
	else
		fprintf(stderr, "RLIMIT_NOFILE of %d", it->limit - 1);
	fprintf(stderr, ": %s\n", what);
}

/* The content of a file, by whichever of pread(2) and read(2) is not refused. */
static ssize_t read_back(int fd, void *into, size_t len)
{
	ssize_t count = pread(fd, into, len, 0);

	return count >= 0 || lseek(fd, 0, SEEK_SET) != 0 ? count : read(fd, into, len);
}

static void play(void *argument)
{
	struct story it = *(struct story *)argument;
	struct zs_result result = { 0 };
	pthread_t feeder = 0, consumer = 0;
	int fds[2], error;
	int64_t returned;

	mark();
	(void)t_null();
	fill(it.from);
	if (is_stream(it.from)) {
		open_stream(it.from, fds);
		it.in = fds[0];
		it.far_in = fds[1];
	} else {
		it.in = input(it.from);
	}
	if (is_stream(it.to)) {
		open_stream(it.to, fds);
		it.out = fds[1];
		it.far_out = fds[0];
	} else {
		it.out = t_file(0);
	}
	t_nonblock(it.in, it.nonblock);
	t_nonblock(it.out, it.nonblock);
	if (is_stream(it.from))
		feeder = t_thread(feed, &it);
	if (is_stream(it.to))
		consumer = t_thread(consume, &it);
	/* What waits for ever does not do what read and write can. */
	MUST(signal(SIGALRM, t_hung) != SIG_ERR);
	alarm(5);
	mark();
	restrict_it(&it);
	errno = 0x5a5a;
	returned = t_engine(it.engine, it.in, NULL, it.out, ZS_TO_END, NULL, &result);
	error = errno;
	mark();
	if (!OK(returned == (int64_t)LEN && error == 0x5a5a))
		tell(&it, strerror(error));
	/* (close(2) may be what is refused.) */
	if (is_stream(it.to)) {
		(void)shutdown(it.out, SHUT_WR);
		if (returned == (int64_t)LEN && (it.to != A_PIPE || close(it.out) == 0)) {
			t_join(consumer);
			OK(it.is_right);
		}
	} else {
		OK(read_back(it.out, got, sizeof got) == LEN && memcmp(got, bytes, LEN) == 0);
	}
	(void)feeder;
	mark();
	_exit(t_done());
}

static void tried(struct story *it)
{
	if (t_child(play, it) != 0) {
		tell(it, "see above");
		OK(!"all of it arrives");
	}
}

/* ---- What is refused ---- */

/* What a plain loop needs too, and what belongs to malloc(3), to threads and to the end of the process. */
static int is_exempt(const struct story *it, long call)
{
	switch (call) {
	case SYS_write: case SYS_close: case SYS_exit_group: case SYS_brk: case T_SYS_MMAP:
	case SYS_munmap: case SYS_mprotect: case SYS_madvise: case SYS_futex: case SYS_getpgid:
		return 1;
	/* A loop over O_NONBLOCK descriptors, or over two inputs, has to wait. */
#ifdef SYS_poll
	case SYS_poll:
#endif
	case SYS_ppoll:
		return it->nonblock || it->engine == T_BY_BRIDGE;
	/* How a bridge passes an end on: nothing else does it. */
	case SYS_shutdown:
		return it->engine == T_BY_BRIDGE;
	default:
		return 0;
	}
}

static void each_call(struct story *it)
{
	static long calls[4096];
	int made = t_system_calls(play, it, calls, 4096), seen_before;

	made = made < 4096 ? made : 4096;
	for (int i = 0; i < made; i++) {
		seen_before = is_exempt(it, calls[i]);
		for (int j = 0; j < i; j++)
			seen_before |= calls[j] == calls[i];
		if (seen_before)
			continue;
		it->call = calls[i];
		for (int error = 0; error < 2; error++) {
			it->error = error ? ENOSYS : EPERM;
			tried(it);
		}
	}
	it->error = 0;
}

static void each_limit(struct story *it)
{
	/* poll(2) takes so many descriptors; a bridge, and who drives a relay, wait for two. */
	for (int limit = it->engine >= T_BY_RELAY ? 2 : 0; limit <= 5; limit++) {
		it->limit = limit + 1;
		tried(it);
	}
	it->limit = 0;
}

int main(void)
{
	struct story it = { 0 };

	/* There are many of them; the limit is who runs this. */
	MUST(signal(T_TIME_IS_UP, SIG_IGN) != SIG_ERR);
	for (int i = 0; i < T_ENGINES * KINDS * KINDS; i++) {
		it.engine = i % T_ENGINES;
		it.from = i / T_ENGINES % KINDS;
		it.to = i / T_ENGINES / KINDS;
		it.nonblock = it.engine == T_BY_RELAY;
		if (it.to == A_SPARSE)
			continue;
		each_call(&it);
		each_limit(&it);
	}
	return t_done();
}
