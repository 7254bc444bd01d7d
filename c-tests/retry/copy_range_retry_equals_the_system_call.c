/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where nothing has to be waited for, zs_copy_range_retry has the outcome of copy_file_range(2), for all
 * offsets and descriptors. */
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
	static const size_t lens[] = { 0, 1, 4096, 65536, 65537, 0x7ffff000 };
	static const unsigned int flags[] = { 0 };
	struct t_table table = { lens, 6, flags, 1, 2, 0, 0 };

	t_table(kernel, zs_copy_range_retry, &table);
	MUST(table.moved > 50);
	return t_done();
}
