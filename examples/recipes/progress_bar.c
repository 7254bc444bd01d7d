/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zsplice.h>

struct bar {
	uint64_t size;
	int percent; /* as shown */
};

/* Called after each step, which moves 4 MiB at most, unless it is a clone: do
 * not write to the terminal each time. */
static int show(void *context, const struct zs_result *so_far)
{
	struct bar *bar = context;
	/* Holes are in bytes, as they are in the size. */
	int percent = bar->size == 0 ? 100
		: (int)((double)so_far->bytes * 100 / (double)bar->size);

	if (percent > 100) /* the file has grown */
		percent = 100;
	if (percent != bar->percent)
		fprintf(stderr, "\r[%-50.*s] %3d %%", percent / 2,
			"##################################################",
			percent);
	bar->percent = percent;
	return 0; /* anything else ends the copy with ECANCELED */
}

int main(int argc, char **argv)
{
	struct bar bar = { .percent = -1 };
	struct zs_options options = {
		.size = sizeof options,
		.progress = show,
		.context = &bar,
	};
	struct stat status;
	int in, out;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: progress_bar FROM TO");
	in = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (in == -1 || fstat(in, &status) == -1)
		err(EXIT_FAILURE, "%s", argv[1]);
	out = open(argv[2], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (out == -1)
		err(EXIT_FAILURE, "%s", argv[2]);
	bar.size = (uint64_t)status.st_size;
	if (zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, NULL) == -1
	    || close(out) == -1)
		err(EXIT_FAILURE, "%s to %s", argv[1], argv[2]);
	fputc('\n', stderr);
	return EXIT_SUCCESS;
}
