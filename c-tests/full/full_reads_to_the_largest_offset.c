/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file may extend to the largest offset. Its last bytes are moved although the range asked for ends beyond
 * that: a length that the kernel would refuse is shortened. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int hole = memfd_create("hole", 0), copy = memfd_create("copy", 0), fds[2];
	int64_t off = INT64_MAX - 100, to = 0;

	MUST(hole >= 0 && copy >= 0 && pipe(fds) == 0);
	if (ftruncate(hole, INT64_MAX) != 0)
		t_skip("no file system here has files of 8 EiB");
	T_EQ(zs_splice_full(hole, &off, fds[1], NULL, ZS_TO_END, 0, &result), 100);
	OK(T_IS(result, .bytes = 100, .via = ZS_VIA_SPLICE));
	if (T_EQ(off, INT64_MAX))
		T_EQ(t_bytes_available(fds[0]), 100);

	off = INT64_MAX - 100;
	T_EQ(zs_sendfile_full(fds[1], hole, &off, ZS_TO_END, 0, &result), 100);
	OK(T_IS(result, .bytes = 100, .via = ZS_VIA_SENDFILE));
	if (T_EQ(off, INT64_MAX))
		T_EQ(t_bytes_available(fds[0]), 200);

	off = INT64_MAX - 100;
	T_EQ(zs_copy_range_full(hole, &off, copy, &to, ZS_TO_END, 0, &result), 100);
	OK(T_IS(result, .bytes = 100, .via = ZS_VIA_COPY_RANGE));
	T_EQ(off, INT64_MAX);
	T_EQ(to, 100);
	return t_done();
}
