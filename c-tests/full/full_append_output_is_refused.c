/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An O_APPEND output fails as in the kernel's call: with EINVAL, or EBADF from copy_file_range(2). O_APPEND
 * stays set, the file is unchanged, and no other mechanism is tried. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int file = t_file(10), other = t_file(20), fds[2], copy[2];
	int append = t_reopen(file, O_WRONLY | O_APPEND);
	char bytes[16];

	MUST(pipe(fds) == 0 && pipe(copy) == 0 && write(fds[1], "four", 4) == 4);
	T_EQ(zs_splice_full(fds[0], NULL, append, NULL, 4, 0, &result), -1);
	T_EQ(errno, EINVAL);
	OK(T_IS(result, .side = result.side, .error = EINVAL));
	result = t_unwritten();
	T_EQ(zs_sendfile_full(append, other, NULL, 20, 0, &result), -1);
	T_EQ(errno, EINVAL);
	OK(T_IS(result, .side = result.side, .error = EINVAL));
	result = t_unwritten();
	T_EQ(zs_copy_range_full(other, NULL, append, NULL, 20, 0, &result), -1);
	T_EQ(errno, EBADF);
	OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EBADF));
	if (T_EQ(t_bytes_available(fds[0]), 4))
		T_EQ(lseek(other, 0, SEEK_CUR), 0);

	/* What was duplicated before is in the copy, and still in the input. */
	result = t_unwritten();
	T_EQ(zs_tee_full(fds[0], copy[1], append, 4, 0, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 4);
	T_EQ(result.error, EINVAL);
	if (T_EQ(t_bytes_available(fds[0]), 4))
		T_EQ(t_bytes_available(copy[0]), 4);

	OK(fcntl(append, F_GETFL) & O_APPEND);
	if (T_EQ(pread(file, bytes, sizeof bytes, 0), 10))
		OK(t_is_pattern(bytes, 10, 0));
	return t_done();
}
