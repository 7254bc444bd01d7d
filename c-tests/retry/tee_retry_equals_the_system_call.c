/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where nothing has to be waited for, zs_tee_retry has the outcome of tee(2), for all descriptors. */
#include <zsplice.h>
#include "t.h"
#include "t_endpoints.h"

static ssize_t kernel(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
		      unsigned int flags)
{
	(void)off_in, (void)off_out;
	return syscall(SYS_tee, in, out, len, flags);
}

static ssize_t ours(int in, int64_t *off_in, int out, int64_t *off_out, size_t len,
		    unsigned int flags)
{
	(void)off_in, (void)off_out;
	return zs_tee_retry(in, out, len, flags);
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 4096, 65536, 65537, 0x7ffff000 };
	static const unsigned int flags[] = { SPLICE_F_NONBLOCK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE, 15 };
	struct t_table table = { lens, 6, flags, 3, 0, 0, 0 };

	t_table(kernel, ours, &table);
	MUST(table.moved > 10);
	return t_done();
}
