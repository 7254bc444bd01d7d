/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A world for the library to live in, in which whatever may happen does happen.
 *
 * The library's system calls come to this program (the linker's --wrap; kernel.h). They are made on real objects of the
 * kernel, by one thread. The peers at the far ends (ends.h) act before and after each of them, and within those that
 * wait: they write, read, close, shut down, reset, resize a pipe, hang up. A call may fail, be refused, decline, be
 * interrupted or move less than it was asked for; memory and descriptors may be short. Time is virtual. A string of
 * bytes decides all of it (choices.h). Once that is over the peers do what is left to do, so every transfer comes to its
 * end, or has gone wrong.
 *
 * One play (play_*.h) is one transfer, or one relay in its event loop, with options, kinds of descriptor and limits out
 * of the same string. What has to be so (judge.h, flow.h):
 * - Every byte arrives once and in order, and the result, offsets and positions say where each one is: delivered, in
 *   flight, or still in the input.
 * - An error is one that has happened, is what result->error says, and a success leaves errno alone. A transfer that
 *   ended well before its length has met the end of the input.
 * - No function makes a system call that zsplice(7) does not list for it.
 * - Nothing waits for ever, waits although it is watched or its output has died, or repeats itself without progress. A
 *   relay wants what will be heard of.
 * - No descriptor, no memory, no flag and no pipe of the caller's is left other than before.
 *
 *     world                  ten seconds of plays; ZS_TEST_SEED=n begins elsewhere
 *     world 0x13529000000001 that play alone, told in words; 7 behind it: with the seventh shortage
 *     world --seconds=3600   for so long
 *     world FILE             the bytes in FILE alone, told in words, and their line for cases.h
 *     world --write=FOLDER   nothing; writes the bytes of the first plays, for libFuzzer to begin with
 *
 * The first thing that is not so ends the program, and tells that play. `make fuzz` has libFuzzer write the strings. */
/* ways: archive */
/* wraps: syscall clock_gettime fcntl ioctl malloc calloc free */
#include <zsplice.h>
#include "t.h"
#include "t_allowed.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include "choices.h"
#include "cases.h"
#include "flow.h"
#include "ends.h"
#include "kernel.h"
#include "judge.h"
#include "play_copy.h"
#include "play_fanout.h"
#include "play_bridge.h"
#include "play_relay.h"
#include "play_full.h"
#include "play_duplex.h"

/* The longest string, in bytes. */
#define LENGTH 4096

static void (*const plays[])(void) = {
	play_copy, play_fanout, play_bridge, play_relay, play_full, play_duplex,
};

static void play(const unsigned char *bytes, size_t len)
{
	choices.bytes = bytes;
	choices.len = len;
	choices.at = 0;
	begin_world();
	plays[pick(sizeof plays / sizeof *plays)]();
	end_world();
}

/* For as long as it takes. */
static void prepare(void)
{
	MUST(signal(T_TIME_IS_UP, SIG_IGN) != SIG_ERR);
	MUST(sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = t_count_signal }, NULL) == 0);
	if (sizeof(long) < 8)
		t_skip("the system calls of 32 bits have other arguments");
}

#ifdef WORLD_FUZZED

/* The timer of libFuzzer interrupts no call of ours. */
static void restart_after_alarms(void)
{
	struct sigaction action;

	MUST(sigaction(SIGALRM, NULL, &action) == 0);
	action.sa_flags |= SA_RESTART;
	MUST(sigaction(SIGALRM, &action, NULL) == 0);
}

/* WORLD_TELLS in the environment: in words. */
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
	static int is_prepared;

	if (!is_prepared) {
		prepare();
		restart_after_alarms();
	}
	is_prepared = 1;
	choices.tells = getenv("WORLD_TELLS") != NULL;
	play(bytes, len);
	return 0;
}

#else

/* How many plays libFuzzer begins with. */
enum { WRITTEN = 200 };

/* Returns how many bytes the play of a seed has. */
static size_t bytes_of_seed(uint64_t seed, unsigned char bytes[LENGTH])
{
	uint64_t chance = seed;

	for (size_t i = 0; i < LENGTH; i++)
		bytes[i] = (unsigned char)t_random(&chance);
	return 32u << t_below(&chance, 8);
}

static void play_seed(uint64_t seed)
{
	unsigned char bytes[LENGTH];

	choices.seed = seed;
	choices.has_seed = 1;
	play(bytes, bytes_of_seed(seed, bytes));
}

static void play_cases(void)
{
	unsigned char bytes[LENGTH];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		choices.name = cases[i].name;
		play(bytes, bytes_of(cases[i].hex, bytes, sizeof bytes));
	}
	choices.name = NULL;
}

static void play_file(int fd)
{
	unsigned char bytes[LENGTH];
	size_t len = t_read(fd, bytes, sizeof bytes);

	MUST(close(fd) == 0);
	printf("\t{ \"what it shows\", \"");
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	printf("\" },\n");
	play(bytes, len);
}

static void write_plays(const char *folder)
{
	unsigned char bytes[LENGTH];
	int fd, at;

	MUST((at = open(folder, O_DIRECTORY | O_RDONLY)) >= 0);
	for (uint64_t seed = t_seed() << 32, i = 0; i < WRITTEN; i++) {
		char name[32];

		snprintf(name, sizeof name, "%llu", (unsigned long long)i);
		MUST((fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600)) >= 0);
		t_write(fd, bytes, bytes_of_seed(seed + i, bytes));
		MUST(close(fd) == 0);
	}
	MUST(close(at) == 0);
}

/* Every allocation, and every pipe, fails in turn: the n-th alone, and all from the n-th on. */
static void play_short(uint64_t seed)
{
	for (choices.shortage = 1; choices.shortage <= SHORTAGES; choices.shortage++)
		play_seed(seed);
	choices.shortage = 0;
}

/* One play in a hundred is played with every shortage. */
static void play_for(int64_t seconds)
{
	int64_t end = t_now_ms() + seconds * 1000;
	uint64_t seed = t_seed() << 32, played = 0;

	for (; t_now_ms() < end; played++) {
		play_seed(seed + played);
		if (played % 100 == 0)
			play_short(seed + played);
	}
	printf("%llu plays\n", (unsigned long long)played);
}

/* One play, by its seed, or out of a file. */
static void play_one(const char *word, int shortage)
{
	int fd = open(word, O_RDONLY);

	choices.tells = 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	choices.shortage = shortage;
	if (fd >= 0)
		play_file(fd);
	else
		play_seed(strtoull(word, NULL, 0));
}

int main(int count, char **words)
{
	const char *word = count > 1 ? words[1] : "";
	long seconds = 10;

	prepare();
	if (strncmp(word, "--write=", 8) == 0) {
		write_plays(word + 8);
	} else if (*word && sscanf(word, "--seconds=%ld", &seconds) != 1) {
		play_one(word, count > 2 ? atoi(words[2]) : 0);
	} else {
		play_cases();
		play_for(seconds);
	}
	return t_done();
}

#endif
