/* Whole transfers: every _full function compared with hand-written loops over the same system call, one that
 * asks for 1 MiB at a time and one that asks for everything; the faster of the two counts.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "ends.h"

enum { SIZE = 32 << 20, PIECE = 1 << 20, WHOLE = 0x7ffff000, PIPES = 16, PIPE_MAX = 1 << 20 };

static const struct { const char *name; int bytes; } rooms[] = { { "64 KiB", 64 << 10 }, { "1 MiB", 1 << 20 } };

static int source, target, nowhere; /* two files, and /dev/null */
static int drained[2];              /* a pipe that a child empties */
static int in[PIPES][2], out[PIPES][2], copy[PIPES][2];
static int room;                    /* capacity of each */
static struct zs_result result;

/* Hand-written loops that are correct: they continue after short counts. */

static void splice_loop(int from, off_t *at, int to, off_t *there, size_t len, size_t piece)
{
	for (ssize_t moved; len > 0; len -= (size_t)moved)
		MUST((moved = splice(from, at, to, there, least(len, piece), 0)) > 0);
}

static void sendfile_loop(int to, int from, size_t piece)
{
	off_t at = 0;

	for (ssize_t moved; at < SIZE;)
		MUST((moved = sendfile(to, from, &at, least((size_t)(SIZE - at), piece))) > 0);
}

static void copy_range_loop(size_t piece)
{
	off_t at = 0, there = 0;

	while (at < SIZE)
		MUST(copy_file_range(source, &at, target, &there, least((size_t)(SIZE - at), piece), 0) > 0);
}

static void tee_loop(int from, int aside, int to, size_t len)
{
	for (ssize_t copied; len > 0; len -= (size_t)copied) {
		MUST((copied = tee(from, aside, len, 0)) > 0);
		splice_loop(from, NULL, to, NULL, (size_t)copied, WHOLE);
	}
}

/* file -> pipe, emptied by another process */

static void file_to_pipe(size_t piece)
{
	off_t at = 0;

	splice_loop(source, &at, drained[1], NULL, SIZE, piece);
}

static void file_to_pipe_zs(unsigned int times)
{
	int64_t at = 0;

	(void)times;
	MUST(zs_splice_full(source, &at, drained[1], NULL, SIZE, 0, &result) == SIZE);
}

static void file_to_pipe_piece(unsigned int times)
{
	(void)times;
	file_to_pipe(PIECE);
}

static void file_to_pipe_whole(unsigned int times)
{
	(void)times;
	file_to_pipe(WHOLE);
}

/* file -> anything, by sendfile(2) */

static void sendfile_zs(unsigned int times)
{
	int64_t at = 0;

	(void)times;
	MUST(zs_sendfile_full(target, source, &at, SIZE, 0, &result) == SIZE);
}

static void sendfile_piece(unsigned int times)
{
	(void)times;
	sendfile_loop(target, source, PIECE);
}

static void sendfile_whole(unsigned int times)
{
	(void)times;
	sendfile_loop(target, source, WHOLE);
}

static void rewind_target(void)
{
	lseek(target, 0, SEEK_SET);
}

/* file -> file, by copy_file_range(2) */

static void copy_range_zs(unsigned int times)
{
	int64_t at = 0, there = 0;

	(void)times;
	MUST(zs_copy_range_full(source, &at, target, &there, SIZE, 0, &result) == SIZE);
}

static void copy_range_piece(unsigned int times)
{
	(void)times;
	copy_range_loop(PIECE);
}

static void copy_range_whole(unsigned int times)
{
	(void)times;
	copy_range_loop(WHOLE);
}

/* pipe -> pipe, and with a copy: many full pipes at a time, or reading the clock would dominate */

static void pipes_zs(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		MUST(zs_splice_full(in[i][0], NULL, out[i][1], NULL, (uint64_t)room, 0, &result) == room);
}

static void pipes_loop(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		splice_loop(in[i][0], NULL, out[i][1], NULL, (size_t)room, WHOLE);
}

static void tee_zs(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		MUST(zs_tee_full(in[i][0], copy[i][1], out[i][1], (uint64_t)room, 0, &result) == room);
}

static void tee_by_hand(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		tee_loop(in[i][0], copy[i][1], out[i][1], (size_t)room);
}

static void fill(void)
{
	for (int i = 0; i < PIPES; i++) {
		off_t at = 0;

		splice_loop(source, &at, in[i][1], NULL, (size_t)room, WHOLE);
	}
}

static void drain(void)
{
	for (int i = 0; i < PIPES; i++) {
		while (splice(out[i][0], NULL, nowhere, NULL, PIPE_MAX, SPLICE_F_NONBLOCK) > 0)
			;
		while (splice(copy[i][0], NULL, nowhere, NULL, PIPE_MAX, SPLICE_F_NONBLOCK) > 0)
			;
	}
}

/* The rows */

static struct way splice_ways[] = { { .name = "zs_splice_full", .run = file_to_pipe_zs },
				    { .name = "splice 1M", .run = file_to_pipe_piece },
				    { .name = "splice whole", .run = file_to_pipe_whole } };
static struct way sendfile_ways[] = { { .name = "zs_sendfile_full", .run = sendfile_zs },
				      { .name = "sendfile 1M", .run = sendfile_piece },
				      { .name = "sendfile whole", .run = sendfile_whole } };
static struct way copy_range_ways[] = { { .name = "zs_copy_range_full", .run = copy_range_zs },
					{ .name = "copy_file_range 1M", .run = copy_range_piece },
					{ .name = "copy_file_range whole", .run = copy_range_whole } };
static struct way pipe_ways[] = { { .name = "zs_splice_full", .run = pipes_zs },
				  { .name = "splice", .run = pipes_loop } };
static struct way tee_ways[] = { { .name = "zs_tee_full", .run = tee_zs },
				 { .name = "tee, splice", .run = tee_by_hand } };

static const struct job transfer = { .times = 1, .bytes = SIZE };
static const struct job to_file = { .times = 1, .bytes = SIZE, .after = rewind_target };

#define GOAL ">= 0.98"

static void row(const char *what, struct way *ways, size_t count, struct job job, const char *goal)
{
	interleave(ways, count, job, 1.5);
	compare(what, &ways[0], best(ways + 1, count - 1), job, goal);
}

static pid_t drainer(void)
{
	pid_t child;

	MUST((child = fork()) >= 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(drained[1]);
		while (splice(drained[0], NULL, nowhere, NULL, PIPE_MAX, 0) > 0)
			;
		_exit(0);
	}
	return child;
}

/* Writer and reader share a core: across two, wake-ups would dominate, which take longer than the
 * transfer and differ from round to round. */
static void from_file_to_pipe(void)
{
	cpu_set_t all, one;

	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	sched_setaffinity(0, sizeof one, &one);
	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		char what[64];
		pid_t child;

		MUST(pipe(drained) == 0);
		snprintf(what, sizeof what, "file to pipe of %s", rooms[i].name);
		if (!grow(drained[1], rooms[i].bytes)) {
			missing(what, strerror(errno));
			close(drained[0]);
			close(drained[1]);
			continue;
		}
		child = drainer();
		row(what, splice_ways, 3, transfer, GOAL);
		close(drained[1]);
		close(drained[0]);
		waitpid(child, NULL, 0);
	}
	sched_setaffinity(0, sizeof all, &all);
}

static void from_file_to_file(const char *place)
{
	char what[64];

	snprintf(what, sizeof what, "file to file, %s", place);
	row(what, sendfile_ways, 3, to_file, GOAL);
	row(what, copy_range_ways, 3, transfer, GOAL);
	close(source);
	close(target);
}

static void from_pipe_to_pipe(void)
{
	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		struct job job = { .times = PIPES, .bytes = rooms[i].bytes, .before = fill, .after = drain };
		char what[64];
		int large = 1;

		room = rooms[i].bytes;
		for (int j = 0; j < PIPES; j++)
			large &= grow(in[j][1], room) && grow(out[j][1], room) && grow(copy[j][1], room);
		snprintf(what, sizeof what, "pipe to pipe of %s", rooms[i].name);
		if (!large) {
			missing(what, "no pipes of that size here");
			continue;
		}
		/* 64 KiB are one step of 200 ns; call.c measures that. */
		row(what, pipe_ways, 2, job, i > 0 ? GOAL : "-");
		snprintf(what, sizeof what, "pipe to two of %s", rooms[i].name);
		row(what, tee_ways, 2, job, i > 0 ? GOAL : "-");
	}
}

int main(void)
{
	MUST((nowhere = open("/dev/null", O_WRONLY)) >= 0);
	for (int i = 0; i < PIPES; i++)
		MUST(pipe(in[i]) == 0 && pipe(out[i]) == 0 && pipe(copy[i]) == 0);

	heading("beside the best hand-written loop over the same call");
	source = file_of(unnamed(), SIZE);
	from_file_to_pipe();
	from_pipe_to_pipe();
	target = nowhere;
	row("file to /dev/null", sendfile_ways, 3, transfer, GOAL);
	target = file_of(unnamed(), SIZE);
	from_file_to_file("this folder");
	source = file_of(memfd_create("source", MFD_CLOEXEC), SIZE);
	target = file_of(memfd_create("target", MFD_CLOEXEC), SIZE);
	from_file_to_file("tmpfs");
	return 0;
}
