/* zs_fanout from one pipe to several pipes, connections and files; ztee compared with tee.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include "bench.h"
#include "ends.h"

enum kind { PIPES, TCP, FILES };
enum { MOST = 8, SIZE = 32 * MiB, PIPE_ROOM = 64 << 10 };

static enum kind kind;
static int memory, nowhere;
static int in, feed_in;
static int outs[MOST], drains[MOST];
static size_t count;
static int asked[2], told[2]; /* pipes: a byte requests SIZE more bytes, or reports that one has them */

/* Children: one writes the input, and one reads each output that is not a file. */

static void feed(void)
{
	for (char byte; read(asked[0], &byte, 1) == 1;) {
		off_t at = 0;

		while (at < SIZE)
			MUST(splice(memory, &at, feed_in, NULL, (size_t)(SIZE - at), 0) > 0);
	}
	_exit(0);
}

static void drain(int from)
{
	for (size_t len = 0;;) {
		ssize_t got = kind == PIPES ? splice(from, NULL, nowhere, NULL, MiB, 0)
					    : recv(from, NULL, MiB, MSG_TRUNC);

		if (got <= 0)
			_exit(0);
		len += (size_t)got;
		if (len == SIZE) {
			len = 0;
			MUST(write(told[1], "", 1) == 1);
		}
	}
}

/* Loops by hand */

static void write_all(int fd, const char *bytes, size_t len)
{
	for (ssize_t put; len > 0; bytes += put, len -= (size_t)put)
		MUST((put = write(fd, bytes, len)) > 0);
}

static void through_buffer(size_t piece)
{
	static char buffer[MiB];
	ssize_t got;

	for (size_t len = SIZE; len > 0; len -= (size_t)got) {
		MUST((got = read(in, buffer, least(len, piece))) > 0);
		for (size_t i = 0; i < count; i++)
			write_all(outs[i], buffer, (size_t)got);
	}
}

static void move(int from, int to, size_t len)
{
	for (ssize_t moved; len > 0; len -= (size_t)moved)
		MUST((moved = splice(from, NULL, to, NULL, len, SPLICE_F_MOVE)) > 0);
}

/* Into private pipes of equal capacity, and from there to the outputs. */
static void through_tee(void)
{
	int pipes[MOST][2];
	ssize_t got;

	for (size_t i = 0; i < count; i++)
		MUST(pipe2(pipes[i], O_CLOEXEC) == 0 && grow(pipes[i][1], MiB));
	for (size_t len = SIZE; len > 0; len -= (size_t)got) {
		MUST((got = splice(in, NULL, pipes[0][1], NULL, least(len, MiB), 0)) > 0);
		for (size_t i = 1; i < count; i++)
			MUST(tee(pipes[0][0], pipes[i][1], (size_t)got, 0) == got);
		for (size_t i = 0; i < count; i++)
			move(pipes[i][0], outs[i], (size_t)got);
	}
	for (size_t i = 0; i < count; i++)
		close_pair(pipes[i]);
}

static void grow_all(void)
{
	(void)grow(in, MiB);
	for (size_t i = 0; kind == PIPES && i < count; i++)
		(void)grow(outs[i], MiB);
}

/* Ours, and the measuring of all. */

static void fanout(uint32_t flags)
{
	struct zs_options options = { .size = sizeof options, .flags = flags };

	MUST(zs_fanout(in, NULL, outs, count, SIZE, &options, NULL) == SIZE);
}

static void plain(void) { fanout(0); }
static void growing(void) { fanout(ZS_GROW_PIPE); }
static void small_buffer(void) { through_buffer(64 << 10); }
static void large_buffer(void) { grow_all(); through_buffer(256 << 10); }
static void huge_buffer(void) { grow_all(); through_buffer(MiB); }
static void grown_tee(void) { grow_all(); through_tee(); }

static void all(void (*work)(void))
{
	char byte;

	MUST(write(asked[1], "", 1) == 1);
	work();
	for (size_t i = 0; kind != FILES && i < count; i++)
		MUST(read(told[0], &byte, 1) == 1);
}

static void zs(unsigned int times) { (void)times; all(plain); }
static void zs_growing(unsigned int times) { (void)times; all(growing); }
static void by_small_buffer(unsigned int times) { (void)times; all(small_buffer); }
static void by_large_buffer(unsigned int times) { (void)times; all(large_buffer); }
static void by_huge_buffer(unsigned int times) { (void)times; all(huge_buffer); }
static void by_tee(unsigned int times) { (void)times; all(grown_tee); }

/* Resets pipes to their default capacity, and empties files. */
static void before(void)
{
	(void)fcntl(in, F_SETPIPE_SZ, PIPE_ROOM);
	for (size_t i = 0; i < count; i++) {
		if (kind == PIPES)
			(void)fcntl(outs[i], F_SETPIPE_SZ, PIPE_ROOM);
		if (kind == FILES)
			MUST(lseek(outs[i], 0, SEEK_SET) == 0 && ftruncate(outs[i], 0) == 0);
	}
}

static pid_t children[MOST + 1];

static void set_up(enum kind to, size_t outputs)
{
	int ends[2];

	kind = to;
	count = outputs;
	MUST(pipe2(asked, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0 && pipe2(ends, O_CLOEXEC) == 0);
	in = ends[0];
	feed_in = ends[1];
	if ((children[MOST] = child()) == 0)
		feed();
	for (size_t i = 0; i < count; i++) {
		if (kind == FILES) {
			MUST((outs[i] = memfd_create("output", MFD_CLOEXEC)) >= 0);
			continue;
		}
		if (kind == TCP)
			tcp(ends);
		else
			MUST(pipe2(ends, O_CLOEXEC) == 0);
		outs[i] = ends[1];
		drains[i] = ends[0];
		if ((children[i] = child()) == 0)
			drain(drains[i]);
	}
}

static void clear_away(void)
{
	end(children[MOST]);
	close(in);
	close(feed_in);
	for (size_t i = 0; i < count; i++) {
		close(outs[i]);
		if (kind != FILES) {
			end(children[i]);
			close(drains[i]);
		}
	}
	close_pair(asked);
	close_pair(told);
}

static const struct job transfer = { .times = 1, .bytes = SIZE, .before = before, .rounds = 7 };

static void to_pipes(size_t outputs)
{
	struct way ways[] = { { .name = "zs_fanout, grow", .run = zs_growing },
			      { .name = "zs_fanout", .run = zs },
			      { .name = "tee 1M, 1M pipes", .run = by_tee },
			      { .name = "read 64K", .run = by_small_buffer },
			      { .name = "read 256K, 1M pipes", .run = by_large_buffer },
			      { .name = "read 1M, 1M pipes", .run = by_huge_buffer } };
	char what[32];

	snprintf(what, sizeof what, "%zu pipes", outputs);
	set_up(PIPES, outputs);
	interleave(ways, COUNT(ways), transfer, 1);
	compare(what, &ways[0], &ways[2], transfer, ">= 0.95");
	compare(what, &ways[0], &ways[3], transfer, ">= 8");
	compare(what, &ways[0], best(ways + 4, 2), transfer, ">= 2.5");
	compare(what, &ways[1], &ways[3], transfer, "-");
	clear_away();
}

static void to_others(enum kind to, size_t outputs, const char *name)
{
	struct way ways[] = { { .name = "zs_fanout, grow", .run = zs_growing },
			      { .name = "tee 1M", .run = by_tee },
			      { .name = "read 256K", .run = by_large_buffer },
			      { .name = "read 1M", .run = by_huge_buffer },
			      { .name = "read 64K", .run = by_small_buffer } };
	char what[32];

	snprintf(what, sizeof what, "%zu %s", outputs, name);
	set_up(to, outputs);
	interleave(ways, COUNT(ways), transfer, 1);
	compare(what, &ways[0], best(ways + 1, 4), transfer, ">= 0.98");
	compare(what, &ways[0], &ways[4], transfer, "-");
	clear_away();
}

/* Whole programs, from a pipe to FIFOs and standard output. */

static const char *words[MOST + 2];

static void program(unsigned int times)
{
	int from[2], to[2];
	pid_t reads[MOST], writes, runs;

	(void)times;
	MUST(pipe2(from, O_CLOEXEC) == 0 && pipe2(to, O_CLOEXEC) == 0);
	if ((writes = child()) == 0) {
		for (off_t at = 0; at < SIZE;)
			MUST(splice(memory, &at, from[1], NULL, (size_t)(SIZE - at), 0) > 0);
		_exit(0);
	}
	close(from[1]);
	for (size_t i = 0; i < count; i++) {
		if ((reads[i] = child()) != 0)
			continue;
		int fd = i == 0 ? to[0] : open(words[i], O_RDONLY | O_CLOEXEC);

		close(to[1]);
		while (splice(fd, NULL, nowhere, NULL, MiB, 0) > 0)
			;
		_exit(0);
	}
	words[0] = bench_way->command[0];
	runs = start(words, from[0], to[1]);
	close(from[0]);
	close(to[0]);
	close(to[1]);
	MUST(ends_well(runs) && ends_well(writes));
	for (size_t i = 0; i < count; i++)
		MUST(ends_well(reads[i]));
}

static void programs(size_t outputs)
{
	static const char *const ztee[] = { "./ztee", NULL }, *const tee_[] = { "tee", NULL };
	struct way ways[] = { { .name = "ztee", .run = program, .command = ztee },
			      { .name = "tee", .run = program, .command = tee_ } };
	struct job job = { .times = 1, .bytes = SIZE, .rounds = 7 };
	static char names[MOST][16];
	char what[32];

	if (!found(ztee[0]) || !found(tee_[0])) {
		missing("ztee", "not built, or no tee beside it");
		return;
	}
	count = outputs;
	for (size_t i = 1; i < count; i++) {
		snprintf(names[i], sizeof names[i], "fifo-%zu", i);
		unlink(names[i]);
		MUST(mkfifo(names[i], 0600) == 0);
		words[i] = names[i];
	}
	words[count] = NULL;
	snprintf(what, sizeof what, "%zu pipes, whole programs", outputs);
	interleave(ways, COUNT(ways), job, 1);
	compare(what, &ways[0], &ways[1], job, ">= 8");
	for (size_t i = 1; i < count; i++)
		unlink(names[i]);
}

int main(void)
{
	own_network();
	MUST((nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)) >= 0);
	memory = file_of(memfd_create("memory", MFD_CLOEXEC), SIZE);

	heading("32 MiB from a pipe to several");
	for (size_t outputs = 2; outputs <= MOST; outputs *= 2)
		to_pipes(outputs);
	for (size_t outputs = 2; outputs <= MOST; outputs *= 2)
		programs(outputs);
	for (size_t outputs = 2; outputs <= MOST; outputs *= 2)
		to_others(TCP, outputs, "connections");
	for (size_t outputs = 2; outputs <= MOST; outputs *= 2)
		to_others(FILES, outputs, "tmpfs files");
	return 0;
}
