/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An error that ends a transfer does not hide the bytes that moved before it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int in[2], out[2];
	char bytes[8];

	MUST(pipe2(in, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	MUST(write(in[1], "four", 4) == 4);

	/* Four of ten bytes are there; the writer stays open, so the next would block. */
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 10, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(T_IS(result, .bytes = 4, .via = ZS_VIA_SPLICE, .error = EAGAIN));
	if (T_EQ(read(out[0], bytes, sizeof bytes), 4))
		T_EQ(memcmp(bytes, "four", 4), 0);

	/* Nothing has moved: no mechanism is named. */
	result = t_unwritten();
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 10, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(T_IS(result, .error = EAGAIN));
	return t_done();
}
