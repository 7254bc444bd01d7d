/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Both offsets may point to the same variable: both sides begin there, and it advances once. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void copied(int in, int out, uint64_t len, int64_t moved, uint32_t avoid)
{
	struct zs_result result;
	int64_t off = 1000;

	MUST(ftruncate(out, 0) == 0 && ftruncate(out, 1000) == 0);
	T_EQ(T_COPY(in, &off, out, &off, len, &result, .avoid = avoid), moved);
	if (T_EQ(off, 1000 + moved) && T_EQ(result.bytes, (uint64_t)moved))
		T_EQ(t_size(out), 1000 + moved);
	OK(t_has_bytes(out, 0, 1000, 0) && t_has_pattern(out, 1000, (size_t)moved, 1000));
	if (T_EQ(t_position(in), 0))
		T_EQ(t_position(out), 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_CLONE, T_ALL_VIA & ~ZS_VIA_READ_WRITE, ZS_VIA_READ_WRITE };
	int in = t_file(300000), out = t_file(0);
	int64_t off = 7;

	for (int i = 0; i < 4; i++) {
		copied(in, out, ZS_TO_END, 299000, avoids[i]);
		copied(in, out, 100, 100, avoids[i]);
		copied(in, out, 0, 0, avoids[i]);
	}
	/* Refused, it stays. */
	T_EQ(zs_copy(in, &off, in, &off, 10, NULL, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(off, 7);
	return t_done();
}
