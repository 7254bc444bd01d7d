/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ztee - copies standard input to standard output and to files: tee(1) through zsplice.
 *
 *     cc -std=c11 ztee.c $(pkg-config --cflags --libs zsplice) -o ztee
 *
 * One call of zs_fanout copies everything; outputs share the bytes in the kernel where they can. Its progress
 * function hears at once of an output that has failed. */
#define _GNU_SOURCE 1
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to do about an output that fails, as tee(1) has it. */
static enum {
	SIGPIPE_ENDS, /* a write to a pipe that nobody reads ends ztee; others are reported */
	WARN,         /* reported */
	WARN_NOPIPE,  /* reported, unless it is a pipe that nobody reads */
	EXIT,         /* ends ztee */
	EXIT_NOPIPE   /* ends ztee, unless it is a pipe that nobody reads */
} mode = SIGPIPE_ENDS;

static int exit_status = EXIT_SUCCESS;

static int count;
static const char **names;
static int *fds;
static struct zs_result *results;
static enum {
	FINE,
	BROKEN, /* a pipe that has lost its reader while nothing was to be written */
	FAILED
} *states;

static void complain(const char *name, int error)
{
	fprintf(stderr, "ztee: %s: %s\n", name, strerror(error));
	exit_status = EXIT_FAILURE;
}

static void *allocate(int elements, size_t size)
{
	void *memory = calloc((size_t)elements, size);

	if (memory == NULL) {
		complain("cannot begin", errno);
		exit(EXIT_FAILURE);
	}
	return memory;
}

static void output_failed(const char *name, int error)
{
	if (error == EPIPE && mode == SIGPIPE_ENDS)
		raise(SIGPIPE);
	if (error == EPIPE && mode != WARN && mode != EXIT)
		return;
	complain(name, error);
	if (mode == EXIT || mode == EXIT_NOPIPE)
		exit(EXIT_FAILURE);
}

static void add(const char *name, int fd)
{
	names[count] = name;
	fds[count++] = fd;
}

/* Never as one of the first three descriptors, which somebody may have closed. */
static int open_output(const char *name, bool append)
{
	int low = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666), fd = low;

	if (low >= 0 && low <= STDERR_FILENO) {
		fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	return fd;
}

static void open_all(char **files, bool append)
{
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
		output_failed("standard output", errno);
	else
		add("standard output", STDOUT_FILENO);
	for (; *files; files++) {
		int fd = open_output(*files, append);

		if (fd < 0)
			output_failed(*files, errno);
		else
			add(*files, fd);
	}
}

static void fail(uint32_t index, int error)
{
	states[index] = FAILED;
	output_failed(names[index], error);
}

/* Bytes have come that a broken pipe does not get: now tee(1) would notice it. */
static void fail_broken_pipes(void)
{
	for (uint32_t i = 0; i < (uint32_t)count; i++)
		if (states[i] == BROKEN)
			fail(i, EPIPE);
}

/* Called after each output that has taken bytes, and for each that has failed. */
static int watch(void *context, const struct zs_result *so_far)
{
	bool is_silent = so_far->error == EPIPE && so_far->in_flight == 0;

	(void)context;
	if (so_far->error == 0)
		fail_broken_pipes();
	else if (is_silent && mode != WARN_NOPIPE && mode != EXIT_NOPIPE)
		states[so_far->index] = BROKEN;
	else
		fail(so_far->index, so_far->error);
	return 0;
}

/* Copies standard input to all outputs, and goes on without those that fail. */
static void copy(void)
{
	struct zs_options options = { .size = sizeof options, .flags = ZS_DROP_FAILED | ZS_GROW_PIPE };
	bool waits = false;
	char byte;

	options.progress = watch;
	if (zs_fanout(STDIN_FILENO, NULL, fds, (size_t)count, ZS_TO_END, &options, results) >= 0)
		return;
	for (int i = 0; i < count; i++) {
		if (states[i] == FINE) {
			/* No output's error: it stands in all results. */
			complain(results[i].side == ZS_SIDE_IN ? "standard input" : "cannot copy", results[i].error);
			return;
		}
		waits |= states[i] == BROKEN;
	}
	/* Without outputs the call has ended before the input. */
	if (waits && read(STDIN_FILENO, &byte, 1) > 0)
		fail_broken_pipes();
}

/* A network file system may tell only now. */
static void close_all(void)
{
	for (int i = 0; i < count; i++)
		if (close(fds[i]) != 0 && states[i] == FINE)
			output_failed(names[i], errno);
}

static const char usage[] = "usage: ztee [-aiphV] [--output-error[=MODE]] [FILE...]\n"
			    "Copies standard input to standard output and to each FILE.\n"
			    "  -a, --append             append to the files, do not overwrite them\n"
			    "  -i, --ignore-interrupts  ignore SIGINT\n"
			    "  -p, --output-error[=MODE]\n"
			    "      what to do when an output fails: warn, warn-nopipe, exit, exit-nopipe, of\n"
			    "      which those with -nopipe go on without pipes that nobody reads any more;\n"
			    "      warn-nopipe with -p or without MODE. With neither option such a pipe ends\n"
			    "      ztee, and other outputs that fail are reported\n"
			    "  -h, --help               print this help\n"
			    "  -V, --version            print the version of the library\n";

static void misused(void)
{
	fputs(usage, stderr);
	exit(EXIT_FAILURE);
}

static void set_mode(const char *word)
{
	static const char *const words[] = { [WARN] = "warn", [WARN_NOPIPE] = "warn-nopipe",
					     [EXIT] = "exit", [EXIT_NOPIPE] = "exit-nopipe" };

	for (mode = WARN; strcmp(words[mode], word) != 0; mode++)
		if (mode == EXIT_NOPIPE)
			misused();
}

int main(int argc, char **argv)
{
	static const struct option words[] = { { "append", no_argument, NULL, 'a' },
					       { "ignore-interrupts", no_argument, NULL, 'i' },
					       { "output-error", optional_argument, NULL, 'p' },
					       { "help", no_argument, NULL, 'h' },
					       { "version", no_argument, NULL, 'V' },
					       { 0 } };
	unsigned int version = zs_version(), major = version >> 16;
	bool append = false;

	for (int option; (option = getopt_long(argc, argv, "aiphV", words, NULL)) != -1;) {
		switch (option) {
		case 'a': append = true; break;
		case 'i': signal(SIGINT, SIG_IGN); break;
		case 'p': set_mode(optarg ? optarg : "warn-nopipe"); break;
		case 'h': return fputs(usage, stdout) < 0;
		case 'V': return printf("ztee, zsplice %u.%u.%u\n", major, version >> 8 & 255, version & 255) < 0;
		default: misused();
		}
	}
	if (mode != SIGPIPE_ENDS)
		signal(SIGPIPE, SIG_IGN);
	names = allocate(argc + 1, sizeof *names);
	fds = allocate(argc + 1, sizeof *fds);
	results = allocate(argc + 1, sizeof *results);
	states = allocate(argc + 1, sizeof *states);

	open_all(argv + optind, append);
	if (fcntl(STDIN_FILENO, F_GETFD) < 0) {
		complain("standard input", errno);
		return exit_status;
	}
	if (count > 0)
		copy();
	close_all();
	return exit_status;
}
