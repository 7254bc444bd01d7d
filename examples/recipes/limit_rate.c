/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>
#include <zsplice.h>

int main(int argc, char **argv)
{
	struct zs_options options = { .size = sizeof options };

	if (argc != 2 || atoll(argv[1]) <= 0)
		errx(EXIT_FAILURE, "usage: limit_rate BYTES_PER_SECOND");
	options.rate = (uint64_t)atoll(argv[1]);
	if (zs_copy(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, ZS_TO_END,
		    &options, NULL) == -1)
		err(EXIT_FAILURE, "copying");
	return EXIT_SUCCESS;
}
