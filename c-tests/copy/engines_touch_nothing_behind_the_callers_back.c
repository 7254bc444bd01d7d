/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No engine does more to a caller's descriptors than move bytes: it opens no file, keeps record locks and
 * leases, whichever descriptor took them, leaves flags and options and SO_PEEK_OFF as they are, takes no
 * descriptor number from 0 to 2, and changes nothing where a descriptor is open the wrong way. */
#include <zsplice.h>
#include "t.h"
#include "t_engines.h"

#define LEN ((size_t)3 << 17)

/* ---- Ends ---- */

enum kind { SPARSE, DENSE, PIPE, UNIX, TCP, ZERO, KINDS };
static const char *const names[] = { "sparse file", "file", "pipe", "AF_UNIX socket", "TCP socket", "/dev/zero" };

struct end {
	enum kind kind;
	int fd, far;
};

static int is_stream(enum kind kind)
{
	return kind == PIPE || kind == UNIX || kind == TCP;
}

/* [0] is read from. */
static void open_stream(enum kind kind, int fds[2])
{
	if (kind == PIPE)
		MUST(pipe(fds) == 0);
	else if (kind == UNIX)
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	else
		t_tcp_pair(fds, 0, 0);
}

static int sparse_file(void)
{
	unsigned char bytes[T_PAGE];
	int fd = t_file(0);

	t_pattern(bytes, sizeof bytes, 0);
	MUST(ftruncate(fd, LEN) == 0 && pwrite(fd, bytes, sizeof bytes, LEN / 2) == sizeof bytes);
	return fd;
}

static void *feed(void *argument)
{
	struct end *end = argument;
	static unsigned char bytes[LEN];

	t_pattern(bytes, sizeof bytes, 0);
	t_write(end->far, bytes, sizeof bytes);
	MUST(close(end->far) == 0);
	return NULL;
}

static void *consume(void *argument)
{
	struct end *end = argument;
	static unsigned char bytes[65536];

	while (read(end->far, bytes, sizeof bytes) > 0)
		;
	return NULL;
}

static struct end input(enum kind kind)
{
	struct end end = { kind, -1, -1 };
	int fds[2];

	if (is_stream(kind)) {
		open_stream(kind, fds);
		end.fd = fds[0];
		end.far = fds[1];
	} else {
		end.fd = kind == SPARSE ? sparse_file() : kind == DENSE ? t_file(LEN) : open("/dev/zero", O_RDONLY);
	}
	MUST(end.fd >= 0);
	return end;
}

static struct end output(enum kind kind)
{
	struct end end = { kind, -1, -1 };
	int fds[2];

	if (is_stream(kind)) {
		open_stream(kind, fds);
		end.fd = fds[1];
		end.far = fds[0];
	} else {
		end.fd = t_file(0);
	}
	return end;
}

/* ---- A transfer between two of them, and what is looked at before and after ---- */

struct look {
	int flags[2], own_flags[2], pipe_size[2], options[2][6];
};

struct transfer {
	enum t_engine engine;
	enum kind from, to;
	int nonblock, with_offset;
	void (*before)(struct transfer *);   /* the last thing before the engine runs */
	void (*after)(struct transfer *);
	struct end in, out;
	pthread_t feeder, consumer;
	struct zs_options options;
	int64_t returned;
	int error;
};

static void complain(const struct transfer *it, const char *what)
{
	fprintf(stderr, "%s from %s to %s%s%s: %s\n", t_engine_name(it->engine), names[it->from], names[it->to],
		it->nonblock ? ", O_NONBLOCK" : "", it->with_offset ? ", with an offset" : "", what);
}

static struct look look(const struct transfer *it)
{
	static const int options[6] = { SO_PEEK_OFF, SO_RCVLOWAT, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE };
	const int fds[2] = { it->in.fd, it->out.fd };
	struct look look;

	memset(&look, 0, sizeof look);
	for (int i = 0; i < 2; i++) {
		look.flags[i] = fcntl(fds[i], F_GETFL);
		look.own_flags[i] = fcntl(fds[i], F_GETFD);
		look.pipe_size[i] = fcntl(fds[i], F_GETPIPE_SZ);
		for (int j = 0; j < 6; j++) {
			socklen_t len = sizeof(int);

			/* TCP lets its buffers grow by itself. */
			if ((i == 0 ? it->from : it->to) != TCP || j == 0 || j > 3)
				(void)getsockopt(fds[i], SOL_SOCKET, options[j], &look.options[i][j], &len);
		}
	}
	return look;
}

static void transfer(void *argument)
{
	struct transfer *it = argument;
	struct zs_result result;
	int64_t offset = 0;
	uint64_t len = it->from == ZERO ? LEN : ZS_TO_END;
	struct look earlier, later;

	(void)t_null();
	it->in = input(it->from);
	it->out = output(it->to);
	if (it->nonblock || it->engine == T_BY_RELAY) {
		t_nonblock(it->in.fd, 1);
		t_nonblock(it->out.fd, 1);
	}
	if (is_stream(it->from))
		it->feeder = t_thread(feed, &it->in);
	if (is_stream(it->to))
		it->consumer = t_thread(consume, &it->out);
	if (it->before)
		it->before(it);
	earlier = look(it);
	it->returned = t_engine(it->engine, it->in.fd, it->with_offset ? &offset : NULL, it->out.fd, len, &it->options,
				&result);
	it->error = errno;
	later = look(it);
	if (!OK(memcmp(&earlier, &later, sizeof later) == 0))
		complain(it, "flags or options have changed");
	if (!OK(it->returned == (int64_t)LEN))
		complain(it, strerror(it->error));
	if (it->after)
		it->after(it);
	_exit(t_done());
}

/* Over all engines and pairs. */
static void each(void (*before)(struct transfer *), void (*after)(struct transfer *), int only_files)
{
	for (int i = 0; i < T_ENGINES * KINDS * KINDS * 4; i++) {
		struct transfer it = { .engine = i % T_ENGINES, .from = i / T_ENGINES % KINDS,
				       .to = i / T_ENGINES / KINDS % KINDS, .nonblock = i / T_ENGINES / KINDS / KINDS % 2,
				       .with_offset = i / T_ENGINES / KINDS / KINDS / 2, .before = before, .after = after };
		int may_offset = it.engine <= T_BY_FANOUT && (it.from == SPARSE || it.from == DENSE);

		if (it.to == ZERO || it.to == SPARSE || (it.with_offset && !may_offset)
		    || (it.from == ZERO && it.engine == T_BY_BRIDGE)
		    || (only_files && it.from != SPARSE && it.from != DENSE))
			continue;
		if (!OK(t_child(transfer, &it) == 0))
			complain(&it, "see above; if there is nothing above: a forbidden system call was made");
	}
}

/* ---- It opens nothing ---- */

static void forbid_open(struct transfer *it)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
#ifdef SYS_open
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_creat, 3, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open_by_handle_at, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	(void)it;
	t_seccomp_filter(&program);
}

/* ---- Record locks, taken by another descriptor of the same file ---- */

static void lock_both(struct transfer *it)
{
	struct flock read = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 1 };
	struct flock write = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 7, .l_len = 1 };

	MUST(fcntl(t_reopen(it->in.fd, O_RDWR), F_SETLK, &read) == 0);
	if (it->to == DENSE)
		MUST(fcntl(t_reopen(it->out.fd, O_RDWR), F_SETLK, &write) == 0);
}

static int is_locked(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int status;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		MUST(fcntl(fd, F_GETLK, &lock) == 0);
		_exit(lock.l_type != F_UNLCK);
	}
	MUST(waitpid(child, &status, 0) == child && WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void both_locked(struct transfer *it)
{
	OK(is_locked(it->in.fd));
	OK(it->to != DENSE || is_locked(it->out.fd));
}

/* ---- Leases ---- */

static void lease_both(struct transfer *it)
{
	MUST(signal(SIGIO, t_count_signal) != SIG_ERR);
	MUST(fcntl(it->in.fd, F_SETLEASE, F_WRLCK) == 0);
	MUST(it->to != DENSE || fcntl(it->out.fd, F_SETLEASE, F_WRLCK) == 0);
}

static void both_leased(struct transfer *it)
{
	OK(fcntl(it->in.fd, F_GETLEASE) == F_WRLCK);
	OK(it->to != DENSE || fcntl(it->out.fd, F_GETLEASE) == F_WRLCK);
	OK(t_signals == 0);
}

/* ---- SO_PEEK_OFF ---- */

/* How many bytes a pipe has to give. */
static int held(int fd)
{
	int held;

	MUST(ioctl(fd, FIONREAD, &held) == 0);
	return held;
}

struct peek {
	enum t_engine engine;
	int tcp, at, nonblock, late, in[2], out[2];
};

static void peek_pair(int tcp, int at, int fds[2])
{
	if (tcp)
		t_tcp_pair(fds, 0, 0);
	else
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	if (setsockopt(fds[0], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof at) != 0) {
		MUST(tcp);     /* it has it since Linux 6.9 */
		_exit(t_done());
	}
}

static int peek_offset(int fd)
{
	int at;
	socklen_t size = sizeof at;

	MUST(getsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &at, &size) == 0);
	return at;
}

/* Where a plain read leaves it: reading moves it back, whoever reads. */
static int peek_offset_after(int tcp, int at)
{
	int fds[2];
	char bytes[10];

	peek_pair(tcp, at, fds);
	MUST(write(fds[1], "0123456789", 10) == 10 && t_read(fds[0], bytes, 10) == 10);
	at = peek_offset(fds[0]);
	t_close2(fds);
	return at;
}

/* Writes, and ends what it wrote only when that has arrived: an end would make itself heard. */
static void *feed_and_stay(void *argument)
{
	struct peek *it = argument;

	if (it->late)
		t_sleep_ms(20);
	MUST(write(it->in[1], "0123456789", 10) == 10);
	for (int ms = 0; ms < 9000 && held(it->out[0]) < 10; ms++)
		t_sleep_ms(1);
	MUST(close(it->in[1]) == 0);
	return NULL;
}

static void peeked(void *argument)
{
	struct peek *it = argument;
	struct zs_result results[2];
	struct zs_options options = { .timeout_ns = 8000000000 };
	char bytes[16];
	pthread_t feeder;
	int64_t cpu, returned;

	peek_pair(it->tcp, it->at, it->in);
	MUST(pipe(it->out) == 0);
	t_nonblock(it->in[0], it->nonblock);
	t_nonblock(it->out[0], 1);
	t_nonblock(it->out[1], it->nonblock);
	(void)t_null();
	feeder = t_thread(feed_and_stay, it);
	if (!it->late)
		MUST(poll(&(struct pollfd){ .fd = it->in[0], .events = POLLIN }, 1, 1000) == 1);
	cpu = t_cpu_ms();
	if (it->engine == T_BY_BRIDGE)
		returned = zs_bridge(it->in[0], it->in[0], t_null(), it->out[1], &options, results) == 0
			? (int64_t)results[0].bytes : -1;
	else
		returned = t_engine(it->engine, it->in[0], NULL, it->out[1], 10, &options, results);
	if (!OK(returned == 10))
		fprintf(stderr, "  errno %d, bytes %llu\n", results[0].error, (unsigned long long)results[0].bytes);
	OK(t_cpu_ms() - cpu < 300);
	/* (splice(2) from TCP does not move it back.) */
	OK(it->tcp ? peek_offset(it->in[0]) <= it->at : peek_offset(it->in[0]) == peek_offset_after(0, it->at));
	/* (It looks at what has arrived.) */
	t_join(feeder);
	OK(read(it->out[0], bytes, sizeof bytes) == 10 && memcmp(bytes, "0123456789", 10) == 0);
	_exit(t_done());
}

static void peek_offsets(void)
{
	static const int offsets[] = { 0, 3, 10 };

	for (int i = 0; i < T_ENGINES * 3 * 2 * 2 * 2; i++) {
		struct peek it = { .engine = i % T_ENGINES, .at = offsets[i / T_ENGINES % 3],
				   .nonblock = i / T_ENGINES / 3 % 2, .late = i / T_ENGINES / 6 % 2,
				   .tcp = i / T_ENGINES / 12 };

		if (it.engine == T_BY_RELAY && !it.nonblock)
			continue;
		if (!OK(t_child(peeked, &it) == 0))
			fprintf(stderr, "%s from %s with SO_PEEK_OFF of %d%s%s\n", t_engine_name(it.engine),
				it.tcp ? "TCP" : "AF_UNIX", it.at, it.nonblock ? ", O_NONBLOCK" : "",
				it.late ? ", bytes come later" : "");
	}
}

/* ---- Descriptors 0 to 2 ---- */

#define STRAY "\001stray\002"
#define STRAY_LEN (sizeof STRAY - 1)

static int taken[3], strays;

/* As another thread that logs to what the program has closed. */
static void write_strays(int ms)
{
	for (int64_t end = t_now_ms() + ms; t_now_ms() < end;)
		for (int fd = 0; fd < 3; fd++)
			(void)!write(fd, STRAY, STRAY_LEN);
}

/* While the engine has filled an output that nobody reads yet: a number that it keeps is taken each time. */
static void watch_low_numbers(void)
{
	for (int fd = 0; fd < 3; fd++)
		taken[fd] = 1;
	for (int i = 0; i < 10; i++) {
		for (int fd = 0; fd < 3; fd++)
			taken[fd] &= fcntl(fd, F_GETFD) >= 0;
		t_sleep_ms(1);
	}
}

static void *count_strays(void *argument)
{
	struct end *end = argument;
	static unsigned char bytes[65536];
	size_t held = 0;
	ssize_t got;

	write_strays(5);
	watch_low_numbers();
	while ((got = read(end->far, bytes + held, sizeof bytes - held)) > 0) {
		held += (size_t)got;
		strays += memmem(bytes, held, STRAY, STRAY_LEN) != NULL;
		if (held >= STRAY_LEN) {
			memmove(bytes, bytes + held - (STRAY_LEN - 1), STRAY_LEN - 1);
			held = STRAY_LEN - 1;
		}
	}
	return NULL;
}

static void low_numbers(void *argument)
{
	struct transfer *it = argument;
	struct zs_result result;
	int err;

	(void)t_null();
	MUST((err = fcntl(2, F_DUPFD_CLOEXEC, 10)) >= 0);
	it->in = input(it->from);
	it->out = output(it->to);
	if (it->engine == T_BY_RELAY || it->nonblock) {
		t_nonblock(it->in.fd, 1);
		t_nonblock(it->out.fd, 1);
	}
	if (is_stream(it->from))
		it->feeder = t_thread(feed, &it->in);
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int fd = 0; fd < 3; fd++)
		MUST(close(fd) == 0);
	it->consumer = t_thread(count_strays, &it->out);
	it->returned = t_engine(it->engine, it->in.fd, NULL, it->out.fd, it->from == ZERO ? LEN : ZS_TO_END, NULL, &result);
	MUST(close(it->out.fd) == 0);
	t_join(it->consumer);
	MUST(dup2(err, 2) == 2);
	if (!OK(it->returned == (int64_t)LEN) | !OK(!taken[0] && !taken[1] && !taken[2]) | !OK(strays == 0))
		complain(it, "takes one of the descriptors 0, 1 and 2");
	_exit(t_done());
}

static void numbers(void)
{
	for (int i = 0; i < T_ENGINES * KINDS * 3 * 2; i++) {
		struct transfer it = { .engine = i % T_ENGINES, .from = i / T_ENGINES % KINDS,
				       .to = PIPE + i / T_ENGINES / KINDS % 3, .nonblock = i / T_ENGINES / KINDS / 3 };

		if (it.from != ZERO || it.engine != T_BY_BRIDGE)
			OK(t_child(low_numbers, &it) == 0);
	}
}

/* ---- The wrong way round ---- */

enum wrong { WRITE_ONLY_FILE, WRITE_ONLY_SPARSE, WRITE_END, PATH_IN, READ_ONLY_FILE, READ_END, PATH_OUT, WRONGS };
static const char *const wrongs[] = { "from a write-only file", "from a write-only sparse file", "from a pipe's write end",
				      "from an O_PATH descriptor", "to a read-only file", "to a pipe's read end",
				      "to an O_PATH descriptor" };

static void wrong_way(enum t_engine engine, enum wrong wrong, int sparse, int nonblock)
{
	int good_in = sparse ? sparse_file() : t_file(LEN), good_out = t_file(LEN), pipe_ends[2], in = good_in, out = good_out;
	struct zs_result result = { 0 };
	struct stat before, after;
	int64_t returned;
	static unsigned char bytes[LEN];

	MUST(pipe2(pipe_ends, nonblock ? O_NONBLOCK : 0) == 0 && write(pipe_ends[1], "held", 4) == 4);
	if (wrong == WRITE_ONLY_FILE || wrong == WRITE_ONLY_SPARSE)
		in = t_reopen(wrong == WRITE_ONLY_FILE ? t_file(LEN) : sparse_file(), O_WRONLY | (nonblock ? O_NONBLOCK : 0));
	else if (wrong == PATH_IN || wrong == PATH_OUT)
		*(wrong == PATH_IN ? &in : &out) = t_reopen(wrong == PATH_IN ? good_in : good_out, O_PATH);
	else if (wrong == READ_ONLY_FILE)
		out = t_reopen(good_out, O_RDONLY | (nonblock ? O_NONBLOCK : 0));
	else
		*(wrong == WRITE_END ? &in : &out) = pipe_ends[wrong == WRITE_END];
	MUST(fstat(good_out, &before) == 0);
	errno = 0;
	returned = t_engine(engine, in, NULL, out, ZS_TO_END, NULL, &result);
	if (!OK(returned == -1 && errno == EBADF) | !OK(result.bytes == 0 && result.in_flight == 0))
		fprintf(stderr, "  returned %lld\n", (long long)returned);
	MUST(fstat(good_out, &after) == 0 && pread(good_out, bytes, LEN, 0) == (ssize_t)LEN);
	OK(after.st_size == before.st_size && after.st_blocks == before.st_blocks
	   && memcmp(&after.st_mtim, &before.st_mtim, sizeof after.st_mtim) == 0 && t_is_pattern(bytes, LEN, 0));
	OK(lseek(good_in, 0, SEEK_CUR) == 0 && lseek(good_out, 0, SEEK_CUR) == 0);
	OK(held(pipe_ends[0]) == 4);
	OK(wrong == PATH_IN || wrong == WRITE_END || wrong == PATH_OUT || wrong == READ_END
	   || (lseek(in, 0, SEEK_CUR) == 0 && lseek(out, 0, SEEK_CUR) == 0));
	_exit(t_done());
}

struct wrong_case {
	enum t_engine engine;
	enum wrong wrong;
	int sparse, nonblock;
};

static void wrong_story(void *argument)
{
	const struct wrong_case *it = argument;

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* What waits for ever, waits for this long. */
	MUST(signal(SIGALRM, t_hung) != SIG_ERR);
	alarm(1);
	(void)t_null();
	wrong_way(it->engine, it->wrong, it->sparse, it->nonblock);
}

static void wrong_ways(void)
{
	for (int i = 0; i < T_ENGINES * WRONGS * 4; i++) {
		struct wrong_case it = { i % T_ENGINES, i / T_ENGINES % WRONGS, i / T_ENGINES / WRONGS % 2,
					 i / T_ENGINES / WRONGS / 2 };

		if (!OK(t_child(wrong_story, &it) == 0))
			fprintf(stderr, "%s %s%s%s\n", t_engine_name(it.engine), wrongs[it.wrong],
				it.sparse ? ", a file with holes" : "", it.nonblock ? ", O_NONBLOCK" : "");
	}
}

int main(void)
{
	each(forbid_open, NULL, 0);
	each(lock_both, both_locked, 1);
	each(lease_both, both_leased, 1);
	peek_offsets();
	numbers();
	wrong_ways();
	return t_done();
}
