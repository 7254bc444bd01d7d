/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zsplice.h>

static int create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd == -1)
		err(EXIT_FAILURE, "%s", name);
	return fd;
}

int main(int argc, char **argv)
{
	struct zs_options options = {
		.size = sizeof options,
		.flags = ZS_DROP_FAILED | ZS_NOSIGPIPE,
	};
	struct zs_result results[3];
	int fds[3], status = EXIT_SUCCESS;
	FILE *program;

	if (argc != 4)
		errx(EXIT_FAILURE, "usage: to_many FILE FILE COMMAND");
	program = popen(argv[3], "we");
	if (program == NULL)
		err(EXIT_FAILURE, "%s", argv[3]);
	fds[0] = create(argv[1]);
	fds[1] = create(argv[2]);
	fds[2] = fileno(program);

	if (zs_fanout(STDIN_FILENO, NULL, fds, 3, ZS_TO_END, &options,
		      results) == -1)
		status = EXIT_FAILURE;
	for (int i = 0; i < 3; i++) {
		if (results[i].error == 0)
			continue;
		warnx("%s: %s after %llu bytes", argv[1 + i],
		      strerror(results[i].error),
		      (unsigned long long)results[i].bytes);
		status = EXIT_FAILURE;
	}
	if (close(fds[0]) == -1 || close(fds[1]) == -1)
		err(EXIT_FAILURE, "closing");
	return pclose(program) == 0 ? status : EXIT_FAILURE;
}
