/* Does each kind of work a few times, for tests/costs.rs, which counts what it costs: the instructions
 * under callgrind, the system calls under strace.
 *
 * What is counted lies between costs_begin and costs_end, two functions that callgrind knows by name, and
 * between two writes to the descriptor -1, which strace prints: one of the work's name, one of "end".
 *
 * Nothing here depends on time: there is one thread, and every byte is there, and has room, before it is
 * moved.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include <sys/eventfd.h>

#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

/* TIMES: the first time differs (memory is allocated, symbols are looked up), so that the median counts. */
enum { KiB = 1 << 10, MiB = 1 << 20, TIMES = 5, OUTPUTS = 8 };
enum { EXTENTS = 100 };
enum { VIA_ALL = 0x3f };

/* One kind of work. */
struct work {
	const char *name;
	void (*prepare)(void); /* before each time; not counted */
	void (*run)(void);     /* counted */
	size_t len;            /* bytes to move */
	size_t outputs;        /* of a fan-out */
	unsigned int flags;
	uint32_t only;         /* the mechanisms that a copy may use (ZS_VIA_*); 0: all */
};

static const struct work *work;
static const char *folder; /* on a file system that shares blocks */
static int in, out, feed, drain; /* the far ends: what is written to `feed` is read from `in` */
static int outs[OUTPUTS], drains[OUTPUTS];
static zs_pool *pool;
static zs_relay *relay;
static zs_duplex *duplex;
static int64_t moved;
static char bytes[MiB];

void costs_begin(const char *name) __attribute__((noinline));
void costs_end(void) __attribute__((noinline));

void costs_begin(const char *name)
{
	MUST(write(-1, name, strlen(name)) == -1);
}

void costs_end(void)
{
	MUST(write(-1, "end", 3) == -1);
}

/* Descriptors */

static void replace(int *fd, int by)
{
	if (*fd > 0)
		MUST(close(*fd) == 0);
	*fd = by;
}

static int memory(size_t len)
{
	int fd = memfd_create("costs", MFD_CLOEXEC);

	MUST(fd >= 0);
	t_write(fd, bytes, len);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* Large enough for all that is moved. */
static void grow(int fd)
{
	MUST(fcntl(fd, F_SETPIPE_SZ, MiB) == MiB);
}

static void large_pipe(int fds[2])
{
	MUST(pipe(fds) == 0);
	grow(fds[0]);
}

static void tcp(int fds[2])
{
	int turned[2];

	t_tcp_pair(turned, 2 * MiB, 2 * MiB);
	fds[0] = turned[1];
	fds[1] = turned[0];
}

static void unix_sockets(int fds[2])
{
	int room = 2 * MiB;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	MUST(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
}

static void small_pipe(int fds[2])
{
	MUST(pipe(fds) == 0);
}

static void new_in(void (*make)(int[2]))
{
	int fds[2];

	make(fds);
	replace(&in, fds[0]);
	replace(&feed, fds[1]);
	t_write(feed, bytes, work->len);
}

static void new_out(void (*make)(int[2]))
{
	int fds[2];

	make(fds);
	replace(&out, fds[1]);
	replace(&drain, fds[0]);
}

static void from_file(void)
{
	replace(&in, memory(work->len));
}

static void to_file(void)
{
	replace(&out, memory(0));
}

/* Calls and _full: pipe to pipe */

static void pipe_to_pipe(void)
{
	new_in(small_pipe);
	new_out(small_pipe);
}

/* And to a copy of it, outs[0]. */
static void pipe_to_pipes(void)
{
	new_out(small_pipe);
	replace(&outs[0], out);
	replace(&drains[0], drain);
	out = drain = -1;
	pipe_to_pipe();
}

static void run_splice(void)
{
	moved = zs_splice(in, NULL, out, NULL, work->len, 0);
}

static void run_tee(void)
{
	moved = zs_tee(in, out, work->len, 0);
}

static void run_splice_retry(void)
{
	moved = zs_splice_retry(in, NULL, out, NULL, work->len, 0);
}

static void run_tee_retry(void)
{
	moved = zs_tee_retry(in, out, work->len, 0);
}

static void run_splice_full(void)
{
	moved = zs_splice_full(in, NULL, out, NULL, work->len, 0, NULL);
}

/* To a copy that is drained, and to the output. */
static void run_tee_full(void)
{
	moved = zs_tee_full(in, outs[0], out, work->len, 0, NULL);
}

static void run_vmsplice(void)
{
	struct iovec piece = { bytes, work->len };

	moved = zs_vmsplice(out, &piece, 1, 0);
}

/* From a file */

static void run_sendfile(void)
{
	moved = zs_sendfile(out, in, NULL, work->len);
}

static void run_sendfile_retry(void)
{
	moved = zs_sendfile_retry(out, in, NULL, work->len, 0);
}

static void run_sendfile_full(void)
{
	moved = zs_sendfile_full(out, in, NULL, work->len, 0, NULL);
}

static void run_copy_range(void)
{
	moved = zs_copy_range(in, NULL, out, NULL, work->len, 0);
}

static void run_copy_range_retry(void)
{
	moved = zs_copy_range_retry(in, NULL, out, NULL, work->len, 0);
}

static void run_copy_range_full(void)
{
	moved = zs_copy_range_full(in, NULL, out, NULL, work->len, 0, NULL);
}

/* zs_copy */

/* A descriptor to cancel by, which nothing makes readable. */
static int silent = -1;

static void run_copy(void)
{
	struct zs_options options = { .size = sizeof options, .flags = work->flags, .cancel_fd = silent };
	struct zs_result result;

	moved = zs_copy(in, NULL, out, NULL, work->len, work->flags ? &options : NULL, &result);
}

static void run_copy_only(void)
{
	struct zs_options options = { .size = sizeof options, .avoid = VIA_ALL & ~work->only };
	struct zs_result result;

	moved = zs_copy(in, NULL, out, NULL, work->len, &options, &result);
	T_EQ(result.via, work->only);
}

static void run_copy_to_end(void)
{
	struct zs_result result;

	moved = zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result);
}

static void run_copy_offsets(void)
{
	int64_t off_in = 0, off_out = 0;

	moved = zs_copy(in, &off_in, out, &off_out, work->len, NULL, NULL);
}

static void file_to_file(void)
{
	from_file();
	to_file();
}

/* Data and holes of a page each. */
static void sparse_to_file(void)
{
	replace(&in, memory(0));
	for (off_t at = 0; at < (off_t)work->len; at += 2 * T_PAGE)
		MUST(pwrite(in, bytes, T_PAGE, at) == T_PAGE);
	MUST(ftruncate(in, (off_t)work->len) == 0);
	to_file();
}

static void sparse_to_file_watched(void)
{
	sparse_to_file();
	replace(&silent, eventfd(0, EFD_CLOEXEC));
}

static void file_to_synchronous(void)
{
	file_to_file();
	replace(&out, t_reopen(out, O_WRONLY | O_DSYNC));
}

static void file_to_clone(void)
{
	replace(&in, t_new_in(folder));
	replace(&out, t_new_in(folder));
	t_write(in, bytes, work->len);
	MUST(fsync(in) == 0 && lseek(in, 0, SEEK_SET) == 0);
}

static void file_to_pipe(void)
{
	from_file();
	new_out(small_pipe);
}

static void file_to_tcp(void)
{
	from_file();
	new_out(tcp);
}

static void file_to_unix(void)
{
	from_file();
	new_out(unix_sockets);
}

static void large_pipe_to_pipe(void)
{
	new_in(large_pipe);
	new_out(small_pipe);
}

static void tcp_to_tcp(void)
{
	new_in(tcp);
	new_out(tcp);
}

static void tcp_to_file(void)
{
	new_in(tcp);
	to_file();
}

/* zs_fanout, from a pipe */

static void to_outputs(void (*make)(int[2]))
{
	new_in(large_pipe);
	for (size_t i = 0; i < work->outputs; i++) {
		new_out(make);
		replace(&outs[i], out);
		replace(&drains[i], drain);
		out = drain = -1;
	}
}

static void to_pipes(void)
{
	to_outputs(small_pipe);
}

static void to_tcp(void)
{
	to_outputs(tcp);
}

static void run_fanout(void)
{
	struct zs_options options = { .size = sizeof options, .flags = work->flags };

	moved = zs_fanout(in, NULL, outs, work->outputs, work->len, &options, NULL);
}

/* A relay that has moved bytes before, between two connections */

static void relayed(void)
{
	if (moved == (int64_t)work->len) {
		t_drain(drain, work->len);
		t_write(feed, bytes, work->len);
		return;
	}
	zs_relay_free(relay);
	new_in(tcp);
	new_out(tcp);
	t_nonblock(in, 1);
	t_nonblock(out, 1);
	MUST((relay = zs_relay_new(in, out, ZS_TO_END, pool, work->flags)) != NULL);
}

static void run_relay(void)
{
	moved = zs_relay_run(relay, 0) == ZS_WANT_READ ? (int64_t)work->len : -1;
}

/* A duplex, told what an edge-triggered poller reports of a side that has become readable */

static void duplexed(void)
{
	if (moved == (int64_t)work->len) {
		t_drain(drain, work->len);
	} else {
		zs_duplex_free(duplex);
		new_in(tcp);
		new_out(tcp);
		t_drain(in, work->len);
		t_nonblock(in, 1);
		t_nonblock(out, 1);
		MUST((duplex = zs_duplex_new(in, out, pool, 0)) != NULL);
		MUST(zs_duplex_run(duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) == 1);
	}
	t_write(feed, bytes, work->len);
}

static void run_duplex(void)
{
	moved = zs_duplex_run(duplex, POLLIN | POLLOUT, 0, 0) == 1 ? (int64_t)work->len : -1;
}

/* A bridge between two connections. Each peer has sent its bytes, and its end. */

static void bridged(void)
{
	new_in(tcp);
	new_out(tcp);
	t_write(drain, bytes, work->len);
	MUST(shutdown(feed, SHUT_WR) == 0 && shutdown(drain, SHUT_WR) == 0);
}

static void run_bridge(void)
{
	struct zs_result results[2];

	MUST(zs_bridge(in, in, out, out, NULL, results) == 0);
	moved = results[0].bytes == results[1].bytes ? (int64_t)results[0].bytes : -1;
}

static const struct work works[] = {
	{ "zs_splice", pipe_to_pipe, run_splice, T_PAGE, 0, 0, 0 },
	{ "zs_vmsplice", pipe_to_pipe, run_vmsplice, T_PAGE, 0, 0, 0 },
	{ "zs_sendfile", file_to_pipe, run_sendfile, T_PAGE, 0, 0, 0 },
	{ "zs_copy_range", file_to_file, run_copy_range, T_PAGE, 0, 0, 0 },
	{ "zs_tee", pipe_to_pipe, run_tee, T_PAGE, 0, 0, 0 },
	{ "zs_splice_retry", pipe_to_pipe, run_splice_retry, T_PAGE, 0, 0, 0 },
	{ "zs_tee_retry", pipe_to_pipe, run_tee_retry, T_PAGE, 0, 0, 0 },
	{ "zs_sendfile_retry", file_to_pipe, run_sendfile_retry, T_PAGE, 0, 0, 0 },
	{ "zs_copy_range_retry", file_to_file, run_copy_range_retry, T_PAGE, 0, 0, 0 },
	{ "zs_splice_full, one step", pipe_to_pipe, run_splice_full, T_PAGE, 0, 0, 0 },
	{ "zs_tee_full, one step", pipe_to_pipes, run_tee_full, T_PAGE, 0, 0, 0 },
	{ "zs_sendfile_full, one step", file_to_pipe, run_sendfile_full, T_PAGE, 0, 0, 0 },
	{ "zs_copy_range_full, one step", file_to_file, run_copy_range_full, T_PAGE, 0, 0, 0 },
	{ "file to file, 1 B", file_to_file, run_copy, 1, 0, 0, 0 },
	{ "file to file, 4 KiB", file_to_file, run_copy, 4 * KiB, 0, 0, 0 },
	{ "file to file, 4 KiB, to its end", file_to_file, run_copy_to_end, 4 * KiB, 0, 0, 0 },
	{ "file to file, 64 KiB", file_to_file, run_copy, 64 * KiB, 0, 0, 0 },
	{ "file to file, 64 KiB, offsets", file_to_file, run_copy_offsets, 64 * KiB, 0, 0, 0 },
	{ "file to file, 1 MiB", file_to_file, run_copy, MiB, 0, 0, 0 },
	{ "file with 100 holes", sparse_to_file, run_copy, EXTENTS * 2 * T_PAGE, 0, 0, 0 },
	{ "file with 100 holes, cancel_fd", sparse_to_file_watched, run_copy, EXTENTS * 2 * T_PAGE, 0, ZS_CANCEL_FD, 0 },
	{ "file to O_DSYNC, 1 MiB", file_to_synchronous, run_copy, MiB, 0, 0, 0 },
	{ "file to pipe, 64 KiB", file_to_pipe, run_copy, 64 * KiB, 0, 0, 0 },
	{ "file to pipe, grown, 1 MiB", file_to_pipe, run_copy, MiB, 0, ZS_GROW_PIPE, 0 },
	{ "file to tcp, 256 KiB", file_to_tcp, run_copy, 256 * KiB, 0, 0, 0 },
	{ "file to unix, 256 KiB", file_to_unix, run_copy, 256 * KiB, 0, 0, 0 },
	{ "pipe to pipe, 64 KiB", pipe_to_pipe, run_copy, 64 * KiB, 0, 0, 0 },
	{ "pipe to pipe, grown, 1 MiB", large_pipe_to_pipe, run_copy, MiB, 0, ZS_GROW_PIPE, 0 },
	{ "tcp to tcp, 256 KiB", tcp_to_tcp, run_copy, 256 * KiB, 0, 0, 0 },
	{ "tcp to file, 256 KiB", tcp_to_file, run_copy, 256 * KiB, 0, 0, 0 },
	{ "file to file, copy_file_range, 1 MiB", file_to_file, run_copy_only, MiB, 0, 0, ZS_VIA_COPY_RANGE },
	{ "file to tcp, sendfile, 256 KiB", file_to_tcp, run_copy_only, 256 * KiB, 0, 0, ZS_VIA_SENDFILE },
	{ "file to tcp, splice, 256 KiB", file_to_tcp, run_copy_only, 256 * KiB, 0, 0, ZS_VIA_SPLICE },
	{ "file to file, read and write, 1 MiB", file_to_file, run_copy_only, MiB, 0, 0, ZS_VIA_READ_WRITE },
	{ "tcp to tcp, read and write, 256 KiB", tcp_to_tcp, run_copy_only, 256 * KiB, 0, 0, ZS_VIA_READ_WRITE },
	{ "fan-out to 2 pipes, 64 KiB", to_pipes, run_fanout, 64 * KiB, 2, 0, 0 },
	{ "fan-out to 4 pipes, 64 KiB", to_pipes, run_fanout, 64 * KiB, 4, 0, 0 },
	{ "fan-out to 8 pipes, 64 KiB", to_pipes, run_fanout, 64 * KiB, 8, 0, 0 },
	{ "fan-out to 2 pipes, grown, 1 MiB", to_pipes, run_fanout, MiB, 2, ZS_GROW_PIPE, 0 },
	{ "fan-out to 2 tcp, 256 KiB", to_tcp, run_fanout, 256 * KiB, 2, 0, 0 },
	{ "fan-out to 4 tcp, 256 KiB", to_tcp, run_fanout, 256 * KiB, 4, 0, 0 },
	{ "fan-out to 8 tcp, 256 KiB", to_tcp, run_fanout, 256 * KiB, 8, 0, 0 },
	{ "relay, message of 64 B", relayed, run_relay, 64, 0, 0, 0 },
	{ "relay, message of 64 B, level", relayed, run_relay, 64, 0, ZS_RELAY_LEVEL, 0 },
	{ "relay, bulk, 256 KiB", relayed, run_relay, 256 * KiB, 0, 0, 0 },
	{ "duplex, message of 64 B", duplexed, run_duplex, 64, 0, 0, 0 },
	{ "duplex, bulk, 256 KiB", duplexed, run_duplex, 256 * KiB, 0, 0, 0 },
	{ "bridge, 64 B each way, to the ends", bridged, run_bridge, 64, 0, 0, 0 },
	{ "bridge, 256 KiB each way, to the ends", bridged, run_bridge, 256 * KiB, 0, 0, 0 },
};

static const struct work clones[] = {
	{ "clone on xfs, 1 MiB", file_to_clone, run_copy_to_end, MiB, 0, 0, 0 },
	{ "clone on btrfs, 1 MiB", file_to_clone, run_copy_to_end, MiB, 0, 0, 0 },
};

/* Prints the name each time: callgrind numbers what it counts, and does not name it. */
static void measure(const struct work *next)
{
	work = next;
	moved = 0;
	for (int i = 0; i < TIMES; i++) {
		work->prepare();
		costs_begin(work->name);
		work->run();
		costs_end();
		if (!T_EQ(moved, (int64_t)work->len)) {
			fprintf(stderr, "    %s\n", work->name);
			exit(1);
		}
		printf("%s\n", work->name);
	}
}

static void measure_clone(const struct work *next, char *type)
{
	const char *reason = "mount(2) is not allowed here";

	folder = type;
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		reason = t_file_system(type);
	if (reason)
		printf("skipped: %s: %s\n", next->name, reason);
	else
		measure(next);
}

static const char *libc(void)
{
#ifdef __GLIBC__
	static char text[64];

	snprintf(text, sizeof text, "glibc %s", gnu_get_libc_version());
	return text;
#else
	return "another libc";
#endif
}

int main(void)
{
	/* Whole lines, among those of callgrind. */
	MUST(setvbuf(stdout, NULL, _IOLBF, 0) == 0);
	MUST((pool = zs_pool_new(4, 0)) != NULL);
	printf("%s\n", libc());
	for (size_t i = 0; i < sizeof works / sizeof *works; i++)
		measure(&works[i]);
	measure_clone(&clones[0], (char[]){ "xfs" });
	measure_clone(&clones[1], (char[]){ "btrfs" });
	return 0;
}
