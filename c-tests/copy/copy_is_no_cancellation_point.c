/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that is cancelled in the middle of a copy, wherever it waits, finishes the copy and gets its result.
 * It ends at the next cancellation point. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int in[2], out[2];
static int returned;
static uint32_t avoid;
static int64_t timeout;

static void *copies(void *argument)
{
	struct zs_result result = t_unwritten();

	errno = 123;
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, 8, &result, .avoid = avoid, .timeout_ns = timeout,
	     .flags = ZS_NOSIGPIPE), 8);
	T_EQ(errno, 123);
	T_EQ(result.bytes, 8);
	T_EQ(result.error, 0);
	returned = 1;
	pthread_testcancel();
	returned = 2;
	return argument;
}

int main(void)
{
	static const uint32_t avoids[] = { 0, T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };

	for (int from = T_A_PIPE; from < T_STREAMS; from++)
		for (int to = T_A_PIPE; to <= T_A_UNIX; to++)
			for (int which = 0; which < 6; which++) {
				pthread_t thread;
				void *value;

				t_stream((enum t_stream)from, in);
				t_stream((enum t_stream)to, out);
				avoid = avoids[which / 2];
				if (from == T_A_PTY && avoid == ZS_VIA_READ_WRITE)
					avoid = 0;
				timeout = which % 2 ? T_MS(15000) : 0;
				returned = 0;
				thread = t_thread(copies, NULL);
				MUST(write(in[1], "four", 4) == 4);
				t_sleep_ms(5);
				MUST(pthread_cancel(thread) == 0);
				t_sleep_ms(5);
				T_EQ(returned, 0);
				MUST(write(in[1], "more", 4) == 4);
				MUST(pthread_join(thread, &value) == 0);
				if (OK(value == PTHREAD_CANCELED) && T_EQ(returned, 1))
					T_EQ(t_bytes_available(out[0]), 8);
				t_close2(in);
				t_close2(out);
			}
	return t_done();
}
