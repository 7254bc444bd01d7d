/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zsplice.h>

int main(int argc, char **argv)
{
	struct stat from, to;
	int in, out;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: copy_file FROM TO");
	in = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (in == -1 || fstat(in, &from) == -1)
		err(EXIT_FAILURE, "%s", argv[1]);
	/* Not O_TRUNC: both names may be the same file. */
	out = open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC,
		   from.st_mode & 0777);
	if (out == -1 || fstat(out, &to) == -1)
		err(EXIT_FAILURE, "%s", argv[2]);
	if (from.st_dev == to.st_dev && from.st_ino == to.st_ino)
		errx(EXIT_FAILURE, "both are the same file");
	if (S_ISREG(to.st_mode) && ftruncate(out, 0) == -1)
		err(EXIT_FAILURE, "%s", argv[2]);

	if (zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL) == -1)
		err(EXIT_FAILURE, "%s to %s", argv[1], argv[2]);
	/* Some file systems tell only now that the disk is full. */
	if (close(out) == -1)
		err(EXIT_FAILURE, "%s", argv[2]);
	return EXIT_SUCCESS;
}
