/* The cost of one call: zsplice's, syscall(2)'s and libc's, in a program with one thread and with two
 * (libc's are cancellation points, which costs time once there are threads).
 *
 * `call count` runs each a fixed number of times between two calls of bench_mark, so that callgrind
 * can count the instructions.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

enum { PAGE = 4096, UNROLLED = 10, BATCH = 200, WAYS = 5 };

static int here[2], there[2], nowhere;
static struct zs_result result;

#define TEN(call) call; call; call; call; call; call; call; call; call; call;
#define FIVE_PAIRS(to, fro) to; fro; to; fro; to; fro; to; fro; to; fro;

/* Defines a function that makes a call `times` times, ten in each iteration. */
#define LOOP(name, ten_calls) \
	static void name(unsigned int times) \
	{ \
		for (; times > 0; times -= UNROLLED) { \
			ten_calls \
		} \
	}

#define SYSCALL_SPLICE(in, out, len) syscall(SYS_splice, in, NULL, out, NULL, (size_t)(len), 0)
#define LIBC_SPLICE(in, out, len) splice(in, NULL, out, NULL, len, 0)
#define ZS_SPLICE(in, out, len) zs_splice(in, NULL, out, NULL, len, 0)
#define ZS_SPLICE_RETRY(in, out, len) zs_splice_retry(in, NULL, out, NULL, len, 0)
#define ZS_SPLICE_FULL(in, out, len) zs_splice_full(in, NULL, out, NULL, len, 0, &result)

/* Only the cost of the calls matters; a check of the result would be measured, too. */
#pragma GCC diagnostic ignored "-Wunused-result"

LOOP(splice_nothing_syscall, TEN(SYSCALL_SPLICE(here[0], there[1], 0)))
LOOP(splice_nothing_libc, TEN(LIBC_SPLICE(here[0], there[1], 0)))
LOOP(splice_nothing_zs, TEN(ZS_SPLICE(here[0], there[1], 0)))
LOOP(splice_nothing_retry, TEN(ZS_SPLICE_RETRY(here[0], there[1], 0)))
LOOP(splice_nothing_full, TEN(ZS_SPLICE_FULL(here[0], there[1], 0)))

LOOP(splice_bad_syscall, TEN(SYSCALL_SPLICE(-1, there[1], PAGE)))
LOOP(splice_bad_libc, TEN(LIBC_SPLICE(-1, there[1], PAGE)))
LOOP(splice_bad_zs, TEN(ZS_SPLICE(-1, there[1], PAGE)))
LOOP(splice_bad_retry, TEN(ZS_SPLICE_RETRY(-1, there[1], PAGE)))

/* One page to and fro, so that both pipes stay as they were. */
#define TO_AND_FRO(call) FIVE_PAIRS(call(here[0], there[1], PAGE), call(there[0], here[1], PAGE))
LOOP(splice_page_syscall, TO_AND_FRO(SYSCALL_SPLICE))
LOOP(splice_page_libc, TO_AND_FRO(LIBC_SPLICE))
LOOP(splice_page_zs, TO_AND_FRO(ZS_SPLICE))
LOOP(splice_page_retry, TO_AND_FRO(ZS_SPLICE_RETRY))
LOOP(splice_page_full, TO_AND_FRO(ZS_SPLICE_FULL))

LOOP(tee_nothing_syscall, TEN(syscall(SYS_tee, here[0], there[1], (size_t)0, 0)))
LOOP(tee_nothing_libc, TEN(tee(here[0], there[1], 0, 0)))
LOOP(tee_nothing_zs, TEN(zs_tee(here[0], there[1], 0, 0)))
LOOP(tee_nothing_retry, TEN(zs_tee_retry(here[0], there[1], 0, 0)))

LOOP(tee_bad_syscall, TEN(syscall(SYS_tee, -1, there[1], (size_t)PAGE, 0)))
LOOP(tee_bad_libc, TEN(tee(-1, there[1], PAGE, 0)))
LOOP(tee_bad_zs, TEN(zs_tee(-1, there[1], PAGE, 0)))
LOOP(tee_bad_retry, TEN(zs_tee_retry(-1, there[1], PAGE, 0)))

LOOP(tee_page_syscall, TEN(syscall(SYS_tee, here[0], there[1], (size_t)PAGE, 0)))
LOOP(tee_page_libc, TEN(tee(here[0], there[1], PAGE, 0)))
LOOP(tee_page_zs, TEN(zs_tee(here[0], there[1], PAGE, 0)))
LOOP(tee_page_retry, TEN(zs_tee_retry(here[0], there[1], PAGE, 0)))

static void drain(void)
{
	while (splice(there[0], NULL, nowhere, NULL, 1 << 20, SPLICE_F_NONBLOCK) > 0)
		;
}

/* Each row: syscall(2), libc, the call, its _retry and its _full. */
static struct row {
	const char *what;
	const char *of_libc; /* goal of the call's ratio to libc's, with two threads */
	void (*after)(void);
	struct way ways[WAYS];
} rows[] = {
	{ "splice of 0 bytes", "<= 0.80", NULL, {
		{ .name = "syscall(2)", .run = splice_nothing_syscall },
		{ .name = "libc splice", .run = splice_nothing_libc },
		{ .name = "zs_splice", .run = splice_nothing_zs },
		{ .name = "zs_splice_retry", .run = splice_nothing_retry },
		{ .name = "zs_splice_full", .run = splice_nothing_full } } },
	{ "splice, bad descriptor", "<= 0.80", NULL, {
		{ .name = "syscall(2)", .run = splice_bad_syscall },
		{ .name = "libc splice", .run = splice_bad_libc },
		{ .name = "zs_splice", .run = splice_bad_zs },
		{ .name = "zs_splice_retry", .run = splice_bad_retry } } },
	{ "splice of a page, pipe to pipe", "-", NULL, {
		{ .name = "syscall(2)", .run = splice_page_syscall },
		{ .name = "libc splice", .run = splice_page_libc },
		{ .name = "zs_splice", .run = splice_page_zs },
		{ .name = "zs_splice_retry", .run = splice_page_retry },
		{ .name = "zs_splice_full", .run = splice_page_full } } },
	{ "tee of 0 bytes", "<= 0.80", NULL, {
		{ .name = "syscall(2)", .run = tee_nothing_syscall },
		{ .name = "libc tee", .run = tee_nothing_libc },
		{ .name = "zs_tee", .run = tee_nothing_zs },
		{ .name = "zs_tee_retry", .run = tee_nothing_retry } } },
	{ "tee, bad descriptor", "<= 0.80", NULL, {
		{ .name = "syscall(2)", .run = tee_bad_syscall },
		{ .name = "libc tee", .run = tee_bad_libc },
		{ .name = "zs_tee", .run = tee_bad_zs },
		{ .name = "zs_tee_retry", .run = tee_bad_retry } } },
	{ "tee of a page, pipe to pipe", "-", drain, {
		{ .name = "syscall(2)", .run = tee_page_syscall },
		{ .name = "libc tee", .run = tee_page_libc },
		{ .name = "zs_tee", .run = tee_page_zs },
		{ .name = "zs_tee_retry", .run = tee_page_retry } } },
};

enum { ROWS = sizeof rows / sizeof *rows };

static size_t ways_of(const struct row *row)
{
	size_t count = 0;

	while (count < WAYS && row->ways[count].run)
		count++;
	return count;
}

static void measure(struct row *row, unsigned int times, int threads)
{
	struct job job = { .times = row->after ? times : BATCH, .after = row->after };
	struct way *libc = &row->ways[1], *call = &row->ways[2], *retry = &row->ways[3], *full = &row->ways[4];

	interleave(row->ways, ways_of(row), job, 0.7);
	compare(row->what, call, &row->ways[0], job, "<= 1.03");
	compare(row->what, call, libc, job, threads ? row->of_libc : "-");
	compare(row->what, retry, call, job, "-");
	if (full->run)
		compare(row->what, full, call, job, "<= +15");
}

/* callgrind dumps its counters and resets them whenever this is called. */
void bench_mark(void) __attribute__((noinline));
void bench_mark(void)
{
	__asm__ volatile("");
}

static void count(struct row *row, unsigned int times)
{
	for (size_t i = 0; i < ways_of(row); i++) {
		/* The first call includes the dynamic linker's symbol look-up. */
		row->ways[i].run(UNROLLED);
		if (row->after)
			row->after();
		bench_mark();
		row->ways[i].run(times);
		bench_mark();
		if (row->after)
			row->after();
		printf("counted\t%s\t%s\t%u\n", row->what, row->ways[i].name, times);
	}
}

static void *idle(void *unused)
{
	pause();
	return unused;
}

int main(int argc, char **argv)
{
	int counting = argc > 1 && strcmp(argv[1], "count") == 0;
	static const char page[PAGE];
	unsigned int room;
	pthread_t thread;

	MUST(pipe(here) == 0 && pipe(there) == 0);
	MUST((nowhere = open("/dev/null", O_WRONLY)) >= 0);
	MUST(write(here[1], page, sizeof page) == sizeof page);
	/* The copies need a place until the clock has stopped. */
	fcntl(there[1], F_SETPIPE_SZ, (BATCH + 1) * PAGE);
	/* As many as fit, in whole iterations. */
	room = (unsigned int)fcntl(there[1], F_GETPIPE_SZ) / PAGE / UNROLLED * UNROLLED;
	room = room < BATCH ? room : BATCH;

	for (int threads = 0; threads < 2; threads++) {
		if (threads) {
			MUST(pthread_create(&thread, NULL, idle, NULL) == 0);
			usleep(20000); /* until it is idle: callgrind counts for both */
		}
		heading(threads ? "a program with two threads" : "a program with one thread");
		for (size_t i = 0; i < ROWS; i++) {
			if (counting)
				count(&rows[i], room);
			else
				measure(&rows[i], room, threads);
		}
	}
	return 0;
}
