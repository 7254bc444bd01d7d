/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_sendfile is sendfile(2): with the same arguments it gives the same count, errno, offset, positions and
 * bytes. */
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
	(void)off_out, (void)flags;
	return zs_sendfile(out, in, off_in, len);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 4096, 65536, 65537, SSIZE_MAX, (size_t)SSIZE_MAX + 1,
				       SIZE_MAX };
	static const unsigned int flags[] = { 0 };
	struct t_table table = { lens, 8, flags, 1, 1, 0, 0 };

	t_table(kernel, ours, &table);
	MUST(table.moved > 100);
	return t_done();
}
