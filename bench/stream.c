/* zs_copy from or to a pipe or a socket, and zcat between two pipes.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include "bench.h"
#include "ends.h"

enum kind { FILE_END, PIPE_END, TCP_END, UNIX_END };
enum { SIZE = 64 * MiB, FILTERED = 512 * MiB, PIPE_ROOM = 64 << 10 };

static int file, made;                 /* on a file system: with SIZE bytes, and empty */
static int memory;                     /* the source of the input */
static int nowhere;                    /* /dev/null */
static int in, out;                    /* of the copy */
static int feed_in, drain_out;         /* their far ends, used by the two children */
static int asked[2], told[2];          /* pipes: a byte requests SIZE more bytes, or reports their arrival */
static bool is_fed, is_drained;
static struct zs_result result;
static const struct zs_options growing = { .flags = ZS_GROW_PIPE };
static size_t piece = SIZE;            /* what one transfer moves */

/* Loops by hand */

static void through_buffer(size_t room)
{
	static char buffer[MiB];
	ssize_t got;

	for (size_t len = SIZE; len > 0; len -= (size_t)got) {
		MUST((got = read(in, buffer, least(len, room))) > 0);
		for (ssize_t put, done = 0; done < got; done += put)
			MUST((put = write(out, buffer + done, (size_t)(got - done))) > 0);
	}
}

static void splice_all(int from, int to, size_t len)
{
	for (ssize_t moved; len > 0; len -= (size_t)moved)
		MUST((moved = splice(from, NULL, to, NULL, least(len, MiB), SPLICE_F_MOVE)) > 0);
}

static void through_pipe(int room)
{
	int between[2];
	ssize_t got;

	MUST(pipe2(between, O_CLOEXEC) == 0 && grow(between[1], room));
	for (size_t len = SIZE; len > 0; len -= (size_t)got) {
		MUST((got = splice(in, NULL, between[1], NULL, least(len, (size_t)room), 0)) > 0);
		splice_all(between[0], out, (size_t)got);
	}
	close_pair(between);
}

/* The children: one writes the input, one reads the output, SIZE bytes at a time. */

static void feed(void)
{
	for (char byte; read(asked[0], &byte, 1) == 1;) {
		off_t at = 0;

		while (at < SIZE)
			MUST(sendfile(feed_in, memory, &at, (size_t)(SIZE - at)) > 0);
	}
	_exit(0);
}

/* In the cheapest way for each kind: the reader should cost as little as possible. */
static void drain(enum kind kind)
{
	static char buffer[256 << 10];
	size_t len = 0;
	ssize_t got;

	for (;;) {
		got = kind == PIPE_END ? splice(drain_out, NULL, nowhere, NULL, MiB, 0) :
		      kind == TCP_END  ? recv(drain_out, NULL, MiB, MSG_TRUNC) :
					 read(drain_out, buffer, sizeof buffer);
		if (got <= 0)
			_exit(0);
		len += (size_t)got;
		if (len == SIZE) {
			len = 0;
			MUST(write(told[1], "", 1) == 1);
		}
	}
}

/* Runs a method between the request for the bytes and the report of their arrival. */
static void all(void (*work)(void))
{
	char byte;

	if (is_fed)
		MUST(write(asked[1], "", 1) == 1);
	work();
	if (is_drained)
		MUST(read(told[0], &byte, 1) == 1);
}

static void copy(void)
{
	MUST(zs_copy(in, NULL, out, NULL, SIZE, NULL, &result) == SIZE);
}

static void copy_growing(void)
{
	MUST(zs_copy(in, NULL, out, NULL, SIZE, &growing, &result) == SIZE);
}

static void sendfile_all(void)
{
	for (size_t len = SIZE; len > 0;) {
		ssize_t moved = sendfile(out, in, NULL, len);

		MUST(moved > 0);
		len -= (size_t)moved;
	}
}

/* The same in transfers of `piece` bytes. */

static void copy_pieces(void)
{
	for (size_t len = SIZE; len > 0; len -= piece)
		MUST(zs_copy(in, NULL, out, NULL, piece, NULL, &result) == (int64_t)piece);
}

static void sendfile_pieces(void)
{
	for (size_t len = SIZE; len > 0; len -= piece)
		for (ssize_t moved, left = (ssize_t)piece; left > 0; left -= moved)
			MUST((moved = sendfile(out, in, NULL, (size_t)left)) > 0);
}

static void splice_grown(void)
{
	if (is_fed)
		(void)grow(in, MiB);
	if (is_drained)
		(void)grow(out, MiB);
	splice_all(in, out, SIZE);
}

static void buffer_pieces(void) { through_buffer(least(piece, 64 << 10)); }
static void small_buffer(void) { through_buffer(64 << 10); }
static void middle_buffer(void) { through_buffer(128 << 10); }
static void middle_pipe(void) { through_pipe(256 << 10); }
static void large_pipe(void) { through_pipe(MiB); }

static void zs(unsigned int times) { (void)times; all(copy); }
static void zs_growing(unsigned int times) { (void)times; all(copy_growing); }
static void by_sendfile(unsigned int times) { (void)times; all(sendfile_all); }
static void by_splice(unsigned int times) { (void)times; all(splice_grown); }
static void by_small_buffer(unsigned int times) { (void)times; all(small_buffer); }
static void by_middle_buffer(unsigned int times) { (void)times; all(middle_buffer); }
static void by_middle_pipe(unsigned int times) { (void)times; all(middle_pipe); }
static void by_large_pipe(unsigned int times) { (void)times; all(large_pipe); }

static void zs_pieces(unsigned int times) { (void)times; all(copy_pieces); }
static void by_sendfile_pieces(unsigned int times) { (void)times; all(sendfile_pieces); }
static void by_buffer_pieces(unsigned int times) { (void)times; all(buffer_pieces); }

#define BUFFER_64K { .name = "read/write 64K", .run = by_small_buffer }
#define BUFFER_128K { .name = "read/write 128K", .run = by_middle_buffer }
#define PIPE_256K { .name = "splice 256K", .run = by_middle_pipe }
#define PIPE_1M { .name = "splice 1M", .run = by_large_pipe }
#define SENDFILE { .name = "sendfile", .run = by_sendfile }
#define SPLICE { .name = "splice, 1M pipes", .run = by_splice }
#define ZS { .name = "zs_copy", .run = zs }
#define ZS_GROWING { .name = "zs_copy, grow", .run = zs_growing }

/* Resets files to their start and pipes to their default capacity. */
static void before(void)
{
	lseek(file, 0, SEEK_SET);
	lseek(made, 0, SEEK_SET);
	MUST(ftruncate(made, 0) == 0);
	(void)fcntl(in, F_SETPIPE_SZ, PIPE_ROOM);
	(void)fcntl(out, F_SETPIPE_SZ, PIPE_ROOM);
}

static const struct job transfer = { .times = 1, .bytes = SIZE, .before = before };
static const struct job own_work = { .times = 1, .before = before, .clock = CLOCK_THREAD_CPUTIME_ID };

/* Inputs and outputs */

/* Makes a pair of sockets: ends[1] is written, ends[0] read. */
static void make(enum kind kind, int ends[2])
{
	if (kind == TCP_END)
		tcp(ends);
	else if (kind == UNIX_END)
		MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	else
		MUST(pipe2(ends, O_CLOEXEC) == 0);
}

static pid_t feeder, drainer;

static void set_up(enum kind from, enum kind to)
{
	int ends[2];

	is_fed = from != FILE_END;
	is_drained = to != FILE_END;
	MUST(pipe2(asked, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0);
	in = file;
	out = made;
	if (is_fed) {
		make(from, ends);
		in = ends[0];
		feed_in = ends[1];
		if ((feeder = child()) == 0)
			feed();
	}
	if (is_drained) {
		make(to, ends);
		out = ends[1];
		drain_out = ends[0];
		if ((drainer = child()) == 0)
			drain(to);
	}
}

static void stop(pid_t pid, int ours, int theirs)
{
	end(pid);
	close(ours);
	close(theirs);
}

static void clear_away(void)
{
	if (is_fed)
		stop(feeder, in, feed_in);
	if (is_drained)
		stop(drainer, out, drain_out);
	close_pair(asked);
	close_pair(told);
}

/* Sockets */

static void to_tcp(void)
{
	struct way ways[] = { ZS, SENDFILE, BUFFER_64K };

	set_up(FILE_END, TCP_END);
	interleave(ways, COUNT(ways), transfer, 1.5);
	compare("file to tcp", &ways[0], &ways[1], transfer, ">= 0.98");
	compare("file to tcp", &ways[0], &ways[2], transfer, ">= 3.5");
	clear_away();
}

/* Throughput against size */
static void plot_to_tcp(void)
{
	struct way ways[] = { { .name = "zs_copy", .run = zs_pieces },
			      { .name = "sendfile", .run = by_sendfile_pieces },
			      { .name = "read/write 64K", .run = by_buffer_pieces } };

	set_up(FILE_END, TCP_END);
	for (piece = 1 << 10; piece <= SIZE; piece *= 4) {
		interleave(ways, COUNT(ways), transfer, 0.7);
		for (size_t i = 0; i < COUNT(ways); i++)
			point("tcp", ways[i].name, (double)piece, SIZE / ways[i].median * 1e9 / (1 << 30));
	}
	clear_away();
}

/* Not slower than a buffer, or half its CPU time. */
static void to_unix(enum kind from, const char *what)
{
	struct way ways[] = { ZS, BUFFER_64K, PIPE_256K };
	char work[64];

	set_up(from, UNIX_END);
	interleave(ways, COUNT(ways), transfer, 1.5);
	compare(what, &ways[0], &ways[1], transfer, ">= 0.97");
	compare(what, &ways[0], &ways[2], transfer, "-");
	snprintf(work, sizeof work, "%s, CPU", what);
	interleave(ways, COUNT(ways), own_work, 1.5);
	compare(work, &ways[0], &ways[1], own_work, "-");
	compare(work, &ways[0], &ways[2], own_work, "-");
	clear_away();
}

static void from_tcp(void)
{
	struct way ways[] = { ZS, PIPE_256K, PIPE_1M, BUFFER_64K };

	set_up(TCP_END, FILE_END);
	interleave(ways, COUNT(ways), transfer, 1.5);
	compare("tcp to file", &ways[0], best(ways + 1, 2), transfer, ">= 0.98");
	compare("tcp to file", &ways[0], &ways[3], transfer, "-");
	clear_away();
}

/* The caller's pipes. All processes share a core: otherwise wake-ups would dominate. */

static void pipes(enum kind from, enum kind to, const char *what)
{
	struct way ways[] = { ZS_GROWING, SPLICE, ZS, BUFFER_128K };

	set_up(from, to);
	interleave(ways, COUNT(ways), transfer, 1.5);
	compare(what, &ways[0], &ways[1], transfer, ">= 0.95");
	compare(what, &ways[0], &ways[3], transfer, "-");
	compare(what, &ways[2], &ways[3], transfer, ">= 1.0");
	clear_away();
}

/* Whole filters: a child writes, the program runs between two pipes, and a child reads. */

static const char *zcat[] = { "./zcat", NULL }, *cat[] = { "cat", NULL }, *pv[] = { "pv", "-q", NULL };
static bool from_file;

static void filter(unsigned int times)
{
	int from[2], to[2];
	pid_t reads, runs, writes = 0;

	(void)times;
	MUST(pipe2(from, O_CLOEXEC) == 0 && pipe2(to, O_CLOEXEC) == 0);
	if (!from_file && (writes = child()) == 0) {
		for (size_t left = FILTERED; left > 0; left -= SIZE)
			for (off_t at = 0; at < SIZE;)
				MUST(splice(memory, &at, from[1], NULL, (size_t)(SIZE - at), 0) > 0);
		_exit(0);
	}
	close(from[1]);
	if ((reads = child()) == 0) {
		close(to[1]);
		while (splice(to[0], NULL, nowhere, NULL, MiB, 0) > 0)
			;
		_exit(0);
	}
	lseek(file, 0, SEEK_SET);
	runs = start(bench_way->command, from_file ? file : from[0], to[1]);
	close(from[0]);
	close(to[0]);
	close(to[1]);
	MUST(ends_well(runs) && ends_well(reads) && (from_file || ends_well(writes)));
}

static void filters(const char *what, const char *goal)
{
	struct way ways[] = { { .name = "zcat", .run = filter, .command = zcat },
			      { .name = "cat", .run = filter, .command = cat },
			      { .name = "pv", .run = filter, .command = pv } };
	struct job job = { .times = 1, .bytes = FILTERED, .rounds = 7 };
	size_t count = COUNT(ways) - !found(pv[0]);

	interleave(ways, count, job, 3);
	compare(what, &ways[0], &ways[1], job, goal);
	if (count == COUNT(ways))
		compare(what, &ways[0], &ways[2], job, "-");
	else
		missing("pv", "not installed");
}

int main(void)
{
	cpu_set_t every, one;

	MUST((nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)) >= 0);
	memory = file_of(memfd_create("memory", MFD_CLOEXEC), SIZE);
	file = file_of(unnamed(), SIZE);
	made = unnamed();

	heading("64 MiB to and from sockets");
	to_tcp();
	plot_to_tcp();
	from_tcp();
	to_unix(FILE_END, "file to unix");
	to_unix(TCP_END, "tcp to unix");

	heading("64 MiB to and from pipes of the caller's");
	MUST(sched_getaffinity(0, sizeof every, &every) == 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	pipes(FILE_END, PIPE_END, "file to pipe");
	pipes(PIPE_END, PIPE_END, "pipe to pipe");
	pipes(PIPE_END, FILE_END, "pipe to file");
	sched_setaffinity(0, sizeof every, &every);

	heading("512 MiB through a filter");
	close(file);
	file = file_of(unnamed(), FILTERED);
	if (!found(zcat[0]) || !found(cat[0])) {
		missing("zcat", "not built, or no cat beside it");
		return 0;
	}
	filters("pipe to pipe", ">= 10");
	from_file = true;
	filters("file to pipe", ">= 12");
	return 0;
}
