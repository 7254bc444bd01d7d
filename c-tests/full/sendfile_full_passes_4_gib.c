/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Six GiB of a hole in one call, for which the kernel needs three at least: no count, length or offset is cut
 * to 31 or 32 bits. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

#define LEN ((int64_t)6 << 30)

int main(void)
{
	struct zs_result result = t_unwritten();
	int hole = memfd_create("hole", 0), null = open("/dev/null", O_WRONLY);
	int64_t off = 7;

	MUST(hole >= 0 && null >= 0 && ftruncate(hole, LEN + 9) == 0);
	T_EQ(zs_sendfile_full(null, hole, &off, ZS_TO_END, 0, &result), LEN + 2);
	OK(T_IS(result, .bytes = (uint64_t)LEN + 2, .via = ZS_VIA_SENDFILE));
	if (T_EQ(off, LEN + 9))
		T_EQ(lseek(hole, 0, SEEK_CUR), 0);

	result = t_unwritten();
	T_EQ(zs_sendfile_full(null, hole, NULL, (uint64_t)5 << 30, 0, &result), (int64_t)5 << 30);
	OK(T_IS(result, .bytes = (uint64_t)5 << 30, .via = ZS_VIA_SENDFILE));
	T_EQ(lseek(hole, 0, SEEK_CUR), (int64_t)5 << 30);
	return t_done();
}
