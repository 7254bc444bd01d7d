/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zsplice.h>

int main(int argc, char **argv)
{
	struct zs_options options = { .size = sizeof options };
	struct zs_result result;

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: time_limits TOTAL_MS IDLE_MS");
	/* For the whole transfer, and for each pause in it. */
	options.timeout_ns = 1000000LL * atoll(argv[1]);
	options.idle_ns = 1000000LL * atoll(argv[2]);
	if (zs_copy(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, ZS_TO_END,
		    &options, &result) != -1)
		return EXIT_SUCCESS;
	/* A TCP connection can fail with ETIMEDOUT, too. */
	if (errno == ETIMEDOUT && result.side == ZS_SIDE_CALL)
		errx(EXIT_FAILURE, "too slow: %llu bytes arrived",
		     (unsigned long long)result.bytes);
	err(EXIT_FAILURE, "%s", result.side == ZS_SIDE_IN
	    ? "standard input" : "standard output");
}
