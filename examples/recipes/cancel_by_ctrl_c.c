/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zsplice.h>

int main(void)
{
	struct zs_options options = {
		.size = sizeof options,
		.flags = ZS_CANCEL_FD,
	};
	struct zs_result result;
	sigset_t ctrl_c;

	/* Blocked, the signal waits in a descriptor: no handler, no race. */
	sigemptyset(&ctrl_c);
	sigaddset(&ctrl_c, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ctrl_c, NULL) == -1)
		err(EXIT_FAILURE, "sigprocmask");
	options.cancel_fd = signalfd(-1, &ctrl_c, SFD_CLOEXEC);
	if (options.cancel_fd == -1)
		err(EXIT_FAILURE, "signalfd");

	if (zs_copy(STDIN_FILENO, NULL, STDOUT_FILENO, NULL, ZS_TO_END,
		    &options, &result) == -1 && errno != ECANCELED)
		err(EXIT_FAILURE, "copying");
	fprintf(stderr, "%" PRIu64 " bytes copied\n", result.bytes);
	if (result.error == ECANCELED) {
		/* End as the signal would have ended the program. */
		signal(SIGINT, SIG_DFL);
		sigprocmask(SIG_UNBLOCK, &ctrl_c, NULL);
	}
	return EXIT_SUCCESS;
}
