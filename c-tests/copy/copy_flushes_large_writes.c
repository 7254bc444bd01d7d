/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that flushes each write (O_DSYNC, O_SYNC) gets large ones: of a large file not the pieces of 64 KiB in
 * which copy_file_range(2) and sendfile(2) write, and fewer than a buffer of 256 KiB would make. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MIB (1 << 20)

/* How many calls like write(2) the process has made; -1: the kernel does not count them. */
static long writes(void)
{
	FILE *io = fopen("/proc/self/io", "r");
	char line[64];
	long count = -1;

	while (io && fgets(line, sizeof line, io))
		sscanf(line, "syscw: %ld", &count);
	if (io)
		fclose(io);
	return count;
}

static void one(int flags, uint32_t via)
{
	struct zs_result result;
	int in = t_file(2 * MIB), file = t_file(0), out = t_reopen(file, O_WRONLY | flags);
	long before = writes();

	T_EQ(T_COPY(in, &(int64_t){ 0 }, out, NULL, ZS_TO_END, &result, .avoid = ZS_VIA_CLONE), 2 * MIB);
	T_EQ(result.via, via);
	OK(before < 0 || via != ZS_VIA_READ_WRITE || writes() - before <= 3);
	OK(t_same_bytes(in, file));
	MUST(close(in) == 0 && close(file) == 0 && close(out) == 0);
}

int main(void)
{
	one(0, ZS_VIA_COPY_RANGE);
	one(O_DSYNC, ZS_VIA_READ_WRITE);
	one(O_SYNC, ZS_VIA_READ_WRITE);
	return t_done();
}
