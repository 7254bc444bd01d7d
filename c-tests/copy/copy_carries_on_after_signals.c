/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Without ZS_INTERRUPT signals change nothing: whatever a copy waits for, it carries on, to the last
 * byte, and errno stays what it was. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static struct t_pair *pair;

static void *slow_writer(void *argument)
{
	int *fd = argument;

	for (int i = 0; i < 20; i++) {
		t_write(*fd, "drop", 4);
		t_sleep_ms(3);
	}
	MUST(close(*fd) == 0);
	return NULL;
}

int main(void)
{
	struct zs_result result;

	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++)
			for (int timed = 0; timed < 2; timed++) {
				pair = t_pair((enum t_place)from, (enum t_place)to);
				t_signal_storm(200);
				errno = 123;
				T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, &result,
				     .timeout_ns = timed ? T_MS(60000) : 0), T_PAIR_LEN);
				T_EQ(errno, 123);
				t_signal_storm(0);
				T_EQ(result.bytes, T_PAIR_LEN);
				T_EQ(result.error, 0);
				OK(t_pair_whole(pair));
			}
	/* One that waits most of the time. */
	for (int kind = 0; kind < T_STREAMS - 1; kind++)
		for (int timed = 0; timed < 2; timed++) {
			int in[2], out = t_file(0);
			pthread_t thread;

			t_stream((enum t_stream)kind, in);
			thread = t_thread(slow_writer, &in[1]);
			t_signal_storm(200);
			T_EQ(T_COPY(in[0], NULL, out, NULL, ZS_TO_END, &result, .timeout_ns = timed ?
			     T_MS(60000) : 0), 80);
			t_signal_storm(0);
			t_join(thread);
			MUST(close(in[0]) == 0 && close(out) == 0);
		}
	OK(t_signals > 100);
	return t_done();
}
