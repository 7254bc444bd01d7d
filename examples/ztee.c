/* ztee - copies standard input to standard output and to files: tee(1) through zsplice.
 *
 *     cc -std=c11 -D_GNU_SOURCE ztee.c $(pkg-config --cflags --libs zsplice) -o ztee
 *
 * Outputs share the bytes in the kernel where they can. One that fails is left out from there on.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where it goes, one index for all three. */
static const char **names;
static int *fds;
static struct zs_result *results;

static bool complain(const char *name, int error)
{
	fprintf(stderr, "ztee: %s: %s\n", name, strerror(error));
	return false;
}

static void *room(int count, size_t size)
{
	void *memory = calloc((size_t)count, size);

	if (memory == NULL) {
		complain("cannot begin", errno);
		exit(EXIT_FAILURE);
	}
	return memory;
}

/* Opens what can be opened, and adds to `count`: whether that is all. */
static bool open_all(char **files, bool append, int *count)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
	bool well = true;

	for (; *files; files++) {
		int fd = open(*files, flags, 0666);

		if (fd < 0) {
			well = complain(*files, errno);
			continue;
		}
		names[*count] = *files;
		fds[(*count)++] = fd;
	}
	return well;
}

/* Whether all outputs got all of it. */
static bool copy(int count)
{
	static const struct zs_options options = { .size = sizeof options,
						   .flags = ZS_DROP_FAILED | ZS_GROW_PIPE };
	int64_t copied = zs_fanout(STDIN_FILENO, NULL, fds, (size_t)count, ZS_TO_END, &options, results);
	bool well = true;

	for (int i = 0; i < count; i++) {
		/* The input's error is told once, although it stands in all that it ended. */
		if (results[i].side == ZS_SIDE_IN)
			return complain("standard input", results[i].error);
		if (results[i].error)
			well = complain(names[i], results[i].error);
	}
	return well && copied >= 0;
}

/* A network file system may tell only now. */
static bool close_all(int count)
{
	bool well = true;

	for (int i = 0; i < count; i++)
		if (close(fds[i]) != 0 && results[i].error == 0)
			well = complain(names[i], errno);
	return well;
}

static const char usage[] = "usage: ztee [-aihV] [FILE...]\n"
			    "Copies standard input to standard output and to each FILE.\n"
			    "  -a  append to the files, do not overwrite them\n"
			    "  -i  ignore interrupts\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

int main(int argc, char **argv)
{
	unsigned int version = zs_version(), major = version >> 16;
	bool append = false, well;
	int count = 1;

	for (int option; (option = getopt(argc, argv, "aihV")) != -1;) {
		switch (option) {
		case 'a': append = true; break;
		case 'i': signal(SIGINT, SIG_IGN); break;
		case 'h': return fputs(usage, stdout) < 0;
		case 'V': return printf("ztee, zsplice %u.%u.%u\n", major, version >> 8 & 255, version & 255) < 0;
		default: fputs(usage, stderr); return EXIT_FAILURE;
		}
	}
	/* Or a file would be opened in its place. */
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		complain("standard output", errno);
		return EXIT_FAILURE;
	}
	/* A pipe that nobody reads any more is one output of several. */
	signal(SIGPIPE, SIG_IGN);
	names = room(argc + 1, sizeof *names);
	fds = room(argc + 1, sizeof *fds);
	results = room(argc + 1, sizeof *results);
	names[0] = "standard output";
	fds[0] = STDOUT_FILENO;

	well = open_all(argv + optind, append, &count);
	well &= copy(count);
	well &= close_all(count);
	free(names);
	free(fds);
	free(results);
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
