/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Within one file a length beyond its end stops at the end that it had: an output behind the end makes a gap of
 * zeroes, and those are not read on. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define KIB 1024

static void one(int64_t size, int64_t from, int64_t to, uint64_t len, uint32_t avoid)
{
	struct zs_result result;
	int fd = t_file((size_t)size);
	int64_t off_in = from, off_out = to, want = size - from;

	if (!T_EQ(T_COPY(fd, &off_in, fd, &off_out, len, &result, .avoid = avoid), want) |
	    !T_EQ(t_size(fd), to + want))
		fprintf(stderr, "... %lld from %lld to %lld, avoid %#x\n", (long long)size, (long long)from,
			(long long)to, avoid);
	T_EQ(off_in, size);
	T_EQ(off_out, to + want);
	OK(t_has_pattern(fd, 0, (size_t)size, 0) && t_has_bytes(fd, size, to - size, 0));
	OK(t_has_pattern(fd, to, (size_t)want, (uint64_t)from));
	MUST(close(fd) == 0);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_CLONE | ZS_VIA_COPY_RANGE, T_ALL_VIA & ~ZS_VIA_READ_WRITE };

	for (int i = 0; i < 3; i++) {
		one(100 * KIB, 0, 400 * KIB, 300 * KIB, avoids[i]);
		one(100 * KIB, 60 * KIB, 200 * KIB, 100 * KIB, avoids[i]);
		one(1000, 10, 5000, 4000, avoids[i]);
		one(300 * KIB, 64 * KIB, 640 * KIB, 512 * KIB, avoids[i]);
	}
	return t_done();
}
