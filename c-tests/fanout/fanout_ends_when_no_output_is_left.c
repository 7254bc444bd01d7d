/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* While a fan-out waits for a silent input all its outputs die. With ZS_DROP_FAILED, too, it ends then: nobody is
 * left for whom to wait. */
#include <zsplice.h>
#include "t.h"

/* Closes the read ends of two pipes, one after the other. */
static void *die(void *readers)
{
	const int *reader = readers;

	for (int i = 0; i < 2; i++) {
		usleep(20000);
		MUST(close(reader[i]) == 0);
	}
	return NULL;
}

int main(void)
{
	struct zs_options with = { .size = sizeof with, .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE };
	int in[2], out[2][2], writers[2], readers[2];
	struct zs_result results[2];
	pthread_t thread;

	MUST(pipe(in) == 0);
	for (int i = 0; i < 2; i++) {
		MUST(pipe(out[i]) == 0);
		readers[i] = out[i][0];
		writers[i] = out[i][1];
	}
	with.timeout_ns = 20000000000;
	thread = t_thread(die, readers);
	T_EQ(zs_fanout(in[0], NULL, writers, 2, ZS_TO_END, &with, results), -1);
	T_EQ(errno, EPIPE);
	t_join(thread);
	for (int i = 0; i < 2; i++) {
		T_EQ(results[i].error, EPIPE);
		T_EQ(results[i].bytes, 0);
		MUST(close(writers[i]) == 0);
	}
	t_close2(in);
	return t_done();
}
