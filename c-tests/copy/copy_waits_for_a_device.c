/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A character device that is no terminal, blocks, and has nothing to give is waited for like any other input. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

int main(void)
{
	int in = open("/dev/kmsg", O_RDONLY), out = t_file(0);
	struct zs_result result;

	if (in < 0)
		t_skip("/dev/kmsg is not for everybody");
	MUST(lseek(in, 0, SEEK_END) == 0);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .timeout_ns = T_MS(200)), -1);
	T_EQ(errno, ETIMEDOUT);
	T_EQ(result.side, ZS_SIDE_CALL);
	return t_done();
}
