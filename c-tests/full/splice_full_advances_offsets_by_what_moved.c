/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An offset is advanced by what has moved, and the position stays. Without an offset the position is advanced.
 * This holds for input and output, after a success, at the end of the input, and after an error. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	struct zs_result result = t_unwritten();
	int file = t_file(1000), small[2], fds[2];
	int64_t off = 100;
	char bytes[4096];

	MUST(pipe(fds) == 0 && lseek(file, 7, SEEK_SET) == 7);
	T_EQ(zs_splice_full(file, &off, fds[1], NULL, 300, 0, NULL), 300);
	if (T_EQ(off, 400))
		T_EQ(lseek(file, 0, SEEK_CUR), 7);
	if (T_EQ(t_read(fds[0], bytes, 300), 300))
		OK(t_is_pattern(bytes, 300, 100));

	/* To the end of the file, which comes early. */
	T_EQ(zs_splice_full(file, &off, fds[1], NULL, ZS_TO_END, 0, &result), 600);
	OK(T_IS(result, .bytes = 600, .via = ZS_VIA_SPLICE));
	if (T_EQ(off, 1000))
		T_EQ(lseek(file, 0, SEEK_CUR), 7);
	T_EQ(zs_splice_full(file, &off, fds[1], NULL, ZS_TO_END, 0, NULL), 0);
	T_EQ(off, 1000);
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, 3, 0, NULL), 3);
	T_EQ(lseek(file, 0, SEEK_CUR), 10);
	T_EQ(t_read(fds[0], bytes, 603), 603);
	OK(t_is_pattern(bytes, 600, 400) && t_is_pattern(bytes + 600, 3, 7));

	/* An output's: 500 bytes at 2000, then 5 at its position. */
	t_pattern(bytes, 505, 0);
	t_write(fds[1], bytes, 505);
	off = 2000;
	T_EQ(zs_splice_full(fds[0], NULL, file, &off, 500, 0, NULL), 500);
	if (T_EQ(off, 2500))
		T_EQ(lseek(file, 0, SEEK_CUR), 10);
	T_EQ(zs_splice_full(fds[0], NULL, file, NULL, 5, 0, NULL), 5);
	T_EQ(lseek(file, 0, SEEK_CUR), 15);
	if (T_EQ(pread(file, bytes, 500, 2000), 500))
		OK(t_is_pattern(bytes, 500, 0));
	if (T_EQ(pread(file, bytes, 5, 10), 5))
		OK(t_is_pattern(bytes, 5, 500));

	/* An error: there is room for one page, which counts. */
	MUST(pipe(small) == 0 && fcntl(small[1], F_SETPIPE_SZ, T_PAGE) == T_PAGE);
	file = t_file(3 * T_PAGE);
	off = T_PAGE;
	T_EQ(zs_splice_full(file, &off, small[1], NULL, 2 * T_PAGE, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	T_EQ(result.bytes, T_PAGE);
	T_EQ(off, 2 * T_PAGE);
	T_EQ(lseek(file, 0, SEEK_CUR), 0);
	return t_done();
}
