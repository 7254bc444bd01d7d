/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_copy_range is copy_file_range(2): with the same arguments it gives the same count, errno, offsets,
 * positions and bytes. */
#include <zsplice.h>
#include "t.h"
#include "t_endpoints.h"

static ssize_t kernel(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
		      unsigned int flags)
{
	return syscall(SYS_copy_file_range, in, off_in, out, off_out, len, flags);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 4096, 65536, 65537, SSIZE_MAX, (size_t)SSIZE_MAX + 1,
				       SIZE_MAX };
	static const unsigned int flags[] = { 0, 1, 2, 4, 8, 16, 1u << 15, 1u << 31, ~0u };
	struct t_table table = { lens, 8, flags, 9, 2, 0, 0 };

	t_table(kernel, zs_copy_range, &table);
	MUST(table.moved > 50);
	return t_done();
}
