/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zsplice.h>

static int cancel; /* readable: give up */

static void *copy(void *result)
{
	struct zs_options options = {
		.size = sizeof options,
		.flags = ZS_CANCEL_FD | ZS_NOSIGPIPE,
		.cancel_fd = cancel,
	};

	(void)!zs_copy(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, ZS_TO_END,
		       &options, result);
	return result;
}

int main(int argc, char **argv)
{
	struct zs_result result;
	pthread_t copier;

	if (argc != 2)
		errx(EXIT_FAILURE, "usage: cancel_from_thread SECONDS");
	cancel = eventfd(0, EFD_CLOEXEC);
	if (cancel == -1)
		err(EXIT_FAILURE, "eventfd");
	errno = pthread_create(&copier, NULL, copy, &result);
	if (errno != 0)
		err(EXIT_FAILURE, "pthread_create");
	sleep((unsigned int)atoi(argv[1]));
	eventfd_write(cancel, 1); /* from any thread, at any time */
	pthread_join(copier, NULL);
	if (result.error == ECANCELED) {
		fprintf(stderr, "canceled after %" PRIu64 " bytes\n",
			result.bytes);
		return EXIT_FAILURE;
	}
	errno = result.error;
	if (result.error != 0)
		err(EXIT_FAILURE, "copying");
	return EXIT_SUCCESS;
}
