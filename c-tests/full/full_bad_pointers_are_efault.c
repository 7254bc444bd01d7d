/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A result may be NULL, and so may an offset. An offset that points to unmapped memory is EFAULT, as in the
 * kernel's call, and nothing moves. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int file = t_file(10), out = t_file(0), fds[2];
	int64_t *nowhere = mmap(NULL, T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(nowhere != MAP_FAILED && pipe(fds) == 0);
	for (int i = 0; i < 3; i++) {
		int64_t *bad = i == 0 ? nowhere : i == 1 ? (int64_t *)8 : (int64_t *)-8;

		T_EQ(zs_splice_full(file, bad, fds[1], NULL, 10, 0, &result), -1);
		T_EQ(errno, EFAULT);
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EFAULT));
		T_EQ(zs_sendfile_full(out, file, bad, ZS_TO_END, 0, NULL), -1);
		T_EQ(errno, EFAULT);
		T_EQ(zs_copy_range_full(file, bad, out, NULL, 10, 0, NULL), -1);
		T_EQ(errno, EFAULT);
		T_EQ(zs_copy_range_full(file, NULL, out, bad, 10, 0, NULL), -1);
		T_EQ(errno, EFAULT);
		MUST(write(fds[1], "bytes", 5) == 5);
		T_EQ(zs_splice_full(fds[0], NULL, out, bad, 5, 0, NULL), -1);
		T_EQ(errno, EFAULT);
		T_EQ(t_bytes_available(fds[0]), 5);
		t_drain(fds[0], 5);
	}
	if (T_EQ(lseek(file, 0, SEEK_CUR), 0))
		T_EQ(lseek(out, 0, SEEK_END), 0);

	/* An offset need not even be aligned. */
	char room[16] = { 0 };
	int64_t off;

	T_EQ(zs_splice_full(file, (int64_t *)(void *)(room + 1), fds[1], NULL, ZS_TO_END, 0, NULL), 10);
	memcpy(&off, room + 1, sizeof off);
	if (T_EQ(off, 10))
		T_EQ(t_bytes_available(fds[0]), 10);
	return t_done();
}
