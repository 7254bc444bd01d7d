/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where nothing has to be waited for, zs_sendfile_retry has the outcome of sendfile(2), for all offsets and
 * descriptors. */
#include <zsplice.h>
#include "t.h"
#include "t_endpoints.h"

/* With a 64-bit offset, as the library has on every platform. */
static ssize_t kernel(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
		      unsigned int flags)
{
	(void)off_out, (void)flags;
	return syscall(T_SYS_SENDFILE, out, in, off_in, len);
}

static ssize_t ours(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
		    unsigned int flags)
{
	(void)off_out;
	return zs_sendfile_retry(out, in, off_in, len, flags);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 4096, 65536, 65537, 0x7ffff000 };
	static const unsigned int flags[] = { SPLICE_F_NONBLOCK };
	struct t_table table = { lens, 6, flags, 1, 1, 0, 0 };

	t_table(kernel, ours, &table);
	MUST(table.moved > 100);
	return t_done();
}
