/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zsplice.h>

int main(int argc, char **argv)
{
	struct zs_result result;
	char names[128]; /* large enough for all of them */
	int in, out;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: which_mechanism FROM TO");
	in = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (in == -1)
		err(EXIT_FAILURE, "%s", argv[1]);
	out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (out == -1)
		err(EXIT_FAILURE, "%s", argv[2]);
	if (zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result) == -1)
		warn("%s to %s", argv[1], argv[2]);

	/* A set of bits: zs_via_name knows one bit only. */
	zs_via_names(result.via, names, sizeof names);
	printf("%" PRIu64 " bytes by %s\n", result.bytes,
	       result.via != 0 ? names : "nothing");
	printf("%" PRIu64 " of them through user memory, %" PRIu64
	       " left as holes\n", result.copied, result.holes);
	if (result.refused != 0) {
		zs_via_names(result.refused, names, sizeof names);
		printf("refused: %s (%s)\n", names,
		       strerror(result.refusal));
	}
	return result.error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
