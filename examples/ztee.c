/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ztee - copies standard input to standard output and to files: tee(1) through zsplice.
 *
 *     cc -std=c11 ztee.c $(pkg-config --cflags --libs zsplice) -o ztee
 *
 * Outputs share the bytes in the kernel where they can. Each call of zs_fanout copies what the input has
 * to give at that moment, so that a failed output is reported at once, and not when the input ends. */
#define _GNU_SOURCE 1
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE = 16 << 20,    /* copied by one call, where the input does not tell how much it has */
	PIPE_SIZE = 1 << 20  /* pipes of 64 KiB are several times slower */
};

/* What to do about an output that fails, as tee(1) has it. */
static enum {
	SIGPIPE_ENDS, /* a pipe that nobody reads ends ztee; others are reported */
	WARN,         /* reported */
	WARN_NOPIPE,  /* reported, unless it is a pipe that nobody reads */
	EXIT,         /* ends ztee */
	EXIT_NOPIPE   /* ends ztee, unless it is a pipe that nobody reads */
} mode = SIGPIPE_ENDS;

static int exit_status = EXIT_SUCCESS;

/* Outputs that have not failed; `polls` has one more, the input, before them. */
static int count;
static const char **names;
static int *fds;
static struct zs_result *results;
static struct pollfd *polls;

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
	/* EBADF if it is no pipe. */
	fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
}

static void drop(int index)
{
	count--;
	memmove(names + index, names + index + 1, (size_t)(count - index) * sizeof *names);
	memmove(fds + index, fds + index + 1, (size_t)(count - index) * sizeof *fds);
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

/* Drops pipes that nobody reads any more, if that is to be noticed before the next write. */
static void drop_broken_pipes(void)
{
	for (int i = count - 1; i >= 0; i--) {
		if (polls[i + 1].revents & POLLERR) {
			output_failed(names[i], EPIPE);
			drop(i);
		}
	}
}

/* Waits for the input: how many bytes are to be copied now. */
static uint64_t available(void)
{
	bool watches = mode == WARN_NOPIPE || mode == EXIT_NOPIPE;
	struct stat input;
	int bytes;

	do {
		polls[0] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
		for (int i = 0; i < count; i++)
			polls[i + 1] = (struct pollfd){ .fd = watches ? fds[i] : -1 };
		poll(polls, (nfds_t)count + 1, -1);
		drop_broken_pipes();
	} while (count > 0 && polls[0].revents == 0);
	/* A file of /proc says that it has nothing. */
	if (fstat(STDIN_FILENO, &input) != 0 || S_ISREG(input.st_mode) || ioctl(STDIN_FILENO, FIONREAD, &bytes) != 0)
		return PIECE;
	return bytes > 0 ? (uint64_t)bytes : 1;
}

/* Copies `len` bytes to all outputs, and drops those that fail: whether there is more. */
static bool copy(uint64_t len)
{
	static const struct zs_options options = { .size = sizeof options, .flags = ZS_DROP_FAILED };
	int64_t copied = zs_fanout(STDIN_FILENO, NULL, fds, (size_t)count, len, &options, results);

	/* The input's error stands in all that it ended. */
	for (int i = 0; i < count; i++) {
		if (results[i].side == ZS_SIDE_IN) {
			complain("standard input", results[i].error);
			return false;
		}
	}
	for (int i = 0; i < count; i++)
		if (results[i].error)
			output_failed(names[i], results[i].error);
	for (int i = count - 1; i >= 0; i--)
		if (results[i].error)
			drop(i);
	return copied == (int64_t)len && count > 0;
}

/* A network file system may tell only now. */
static void close_all(void)
{
	for (int i = 0; i < count; i++)
		if (close(fds[i]) != 0)
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
	polls = allocate(argc + 2, sizeof *polls);

	open_all(argv + optind, append);
	if (fcntl(STDIN_FILENO, F_GETFD) < 0) {
		complain("standard input", errno);
		return exit_status;
	}
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	while (count > 0 && copy(available()))
		;
	close_all();
	return exit_status;
}
