/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zsplice.h>

/* Answers the header "Range: bytes=FIRST-LAST"; LAST may be missing. */
static void send_range(int file, int64_t size, const char *range)
{
	int64_t first, last = size - 1;

	if (sscanf(range, "bytes=%" SCNd64 "-%" SCNd64, &first, &last) < 1
	    || first < 0 || first >= size || last < first) {
		printf("HTTP/1.1 416 Range Not Satisfiable\r\n"
		       "Content-Range: bytes */%" PRId64 "\r\n"
		       "Content-Length: 0\r\n\r\n", size);
		return;
	}
	if (last >= size)
		last = size - 1;
	printf("HTTP/1.1 206 Partial Content\r\n"
	       "Content-Range: bytes %" PRId64 "-%" PRId64 "/%" PRId64 "\r\n"
	       "Content-Length: %" PRId64 "\r\n\r\n",
	       first, last, size, last - first + 1);
	/* What is in the buffer of stdio goes first. */
	if (fflush(stdout) == EOF)
		err(EXIT_FAILURE, "standard output");
	/* An offset of our own: many threads can share one descriptor. */
	if (zs_copy(file, &first, STDOUT_FILENO, NULL,
		    (uint64_t)(last - first + 1), NULL, NULL) == -1)
		err(EXIT_FAILURE, "sending");
}

int main(int argc, char **argv)
{
	struct stat status;
	int file;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: http_range FILE bytes=10-19");
	file = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (file == -1 || fstat(file, &status) == -1)
		err(EXIT_FAILURE, "%s", argv[1]);
	send_range(file, status.st_size, argv[2]);
	return EXIT_SUCCESS;
}
