/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If zs_tee_full has delivered nothing its result names no mechanism, although it has duplicated bytes. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int in[2], copy[2], out[2];
	size_t filled;

	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0);
	MUST(write(in[1], "some bytes", 10) == 10);
	filled = t_fill_pipe(out[1]);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], 10, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(T_IS(result, .in_flight = 10, .side = result.side, .error = EAGAIN));
	if (T_EQ(t_bytes_available(in[0]), 10))
		T_EQ(t_bytes_available(copy[0]), 10);

	t_drain(out[0], filled);
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 10, 0, &result), 10);
	OK(T_IS(result, .bytes = 10, .via = ZS_VIA_SPLICE));
	return t_done();
}
