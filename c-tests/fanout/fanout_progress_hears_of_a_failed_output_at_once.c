/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The progress function gets the error of an output that fails, whether at a write or while the input is silent,
 * before the fan-out ends: it may cancel then. */
#include <zsplice.h>
#include "t.h"

static int errors, seen;

static int cancels_at_an_error(void *context, const struct zs_result *so_far)
{
	(void)context;
	if (so_far->error == 0)
		return 0;
	errors++;
	seen = so_far->error;
	return 1;
}

/* Of two outputs one has no reader; the input gives `len` bytes, and stays open. */
static void hears(size_t len)
{
	struct zs_options options = { .flags = ZS_DROP_FAILED, .timeout_ns = 10000000000,
				      .progress = cancels_at_an_error };
	struct zs_result results[2];
	int in[2], dies[2], lives[2];

	MUST(pipe(in) == 0 && pipe(dies) == 0 && pipe(lives) == 0);
	MUST(write(in[1], "four", len) == (ssize_t)len);
	MUST(close(dies[0]) == 0);

	errors = seen = 0;
	OK(zs_fanout(in[0], NULL, (int[]){ lives[1], dies[1] }, 2, ZS_TO_END, &options, results) == -1);
	T_EQ(errno, ECANCELED);
	T_EQ(errors, 1);
	T_EQ(seen, EPIPE);
	T_EQ(results[1].error, EPIPE);
	T_EQ(results[0].bytes, len);
	for (int i = 0; i < 2; i++)
		MUST(close(in[i]) == 0 && close(lives[i]) == 0);
	MUST(close(dies[1]) == 0);
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	hears(4);
	hears(0);
	return t_done();
}
