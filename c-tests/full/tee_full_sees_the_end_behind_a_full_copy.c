/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The input ends while the copy's pipe is full, which hides the end from tee(2): the transfer ends well at
 * once, or, if tee(2) itself waits for a blocking pipe, as soon as the copy has room; with SPLICE_F_NONBLOCK it
 * would block until then. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void story(int nonblock)
{
	struct zs_result result = t_unwritten();
	struct t_later reader = { .ms = 50 * t_slower(), .drain = T_PAGE };
	int in[2], copy[2], out[2];
	char bytes[T_PAGE];
	int64_t began, cpu;
	pthread_t thread;

	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0);
	MUST(fcntl(copy[1], F_SETPIPE_SZ, T_PAGE) == T_PAGE);
	t_nonblock(copy[1], nonblock);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(in[1], bytes, sizeof bytes);
	MUST(close(in[1]) == 0);

	T_EQ(zs_tee_full(in[0], copy[1], out[1], ZS_TO_END, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(T_IS(result, .bytes = T_PAGE, .via = ZS_VIA_TEE | ZS_VIA_SPLICE, .error = EAGAIN));
	OK(t_bytes_available(copy[0]) == T_PAGE && t_bytes_available(out[0]) == T_PAGE && t_bytes_available(in[0]) == 0);

	reader.fd = copy[0];
	began = t_now_ms();
	cpu = t_cpu_ms();
	thread = t_later(&reader);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], ZS_TO_END, 0, &result), 0);
	OK(T_IS(result, 0));
	OK((t_now_ms() - began >= 45 * t_slower()) == !nonblock && t_cpu_ms() - cpu < 35);
	t_join(thread);
	if (T_EQ(t_bytes_available(copy[0]), 0))
		T_EQ(t_bytes_available(out[0]), T_PAGE);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], ZS_TO_END, SPLICE_F_NONBLOCK, &result), 0);
}

int main(void)
{
	story(0);
	story(1);
	return t_done();
}
