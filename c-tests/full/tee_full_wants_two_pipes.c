/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The input and the copy have to be two different pipes: otherwise EINVAL, as from tee(2), and nothing moves. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int in[2], copy[2], out[2], file = t_file(10);

	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0 && write(in[1], "bytes", 5) == 5);
	T_EQ(zs_tee_full(in[0], in[1], out[1], 5, 0, &result), -1);
	T_EQ(errno, EINVAL);
	OK(T_IS(result, .side = result.side, .error = EINVAL));
	T_EQ(zs_tee_full(in[0], in[0], out[1], 5, 0, &result), -1);
	T_EQ(errno, EBADF);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EBADF));
	T_EQ(zs_tee_full(in[0], file, out[1], 5, 0, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_tee_full(file, copy[1], out[1], 5, 0, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_tee_full(in[1], copy[1], out[1], 5, 0, &result), -1);
	T_EQ(errno, EBADF);
	T_EQ(zs_tee_full(in[0], copy[0], out[1], 5, 0, &result), -1);
	T_EQ(errno, EBADF);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EBADF));
	OK(t_bytes_available(in[0]) == 5 && t_bytes_available(copy[0]) == 0 && t_bytes_available(out[0]) == 0);

	/* An invalid output is met after the bytes were duplicated: these are in flight. */
	result = t_unwritten();
	T_EQ(zs_tee_full(in[0], copy[1], -1, 5, 0, &result), -1);
	T_EQ(errno, EBADF);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 5);
	T_EQ(result.error, EBADF);
	OK(result.side == ZS_SIDE_CALL && t_bytes_available(in[0]) == 5 && t_bytes_available(copy[0]) == 5);
	return t_done();
}
