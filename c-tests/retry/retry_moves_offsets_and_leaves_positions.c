/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With an offset bytes are moved there, the offset advances by what moved, and the position stays. Without an
 * offset the position advances. */
#include <zsplice.h>
#include "t.h"

static int64_t position(int fd)
{
	return lseek(fd, 0, SEEK_CUR);
}

int main(void)
{
	int file = t_file(5000), copy = t_file(5000), to[2];
	int64_t in = 100, out = 200;
	unsigned char bytes[5000];

	MUST(pipe(to) == 0 && lseek(file, 7, SEEK_SET) == 7 && lseek(copy, 9, SEEK_SET) == 9);
	T_EQ(zs_splice_retry(file, &in, to[1], NULL, 50, 0), 50);
	T_EQ(in, 150);
	T_EQ(zs_splice_retry(to[0], NULL, copy, &out, 80, 0), 50);
	T_EQ(out, 250);
	if (T_EQ(pread(copy, bytes, 50, 200), 50))
		OK(t_is_pattern(bytes, 50, 100));
	T_EQ(zs_copy_range_retry(file, &in, copy, &out, 50, 0), 50);
	T_EQ(in, 200);
	T_EQ(out, 300);
	if (T_EQ(pread(copy, bytes, 100, 200), 100))
		OK(t_is_pattern(bytes, 100, 100));
	T_EQ(zs_sendfile_retry(to[1], file, &in, 50, 0), 50);
	T_EQ(in, 250);
	if (T_EQ(t_read(to[0], bytes, 50), 50))
		OK(t_is_pattern(bytes, 50, 200));
	if (T_EQ(position(file), 7))
		T_EQ(position(copy), 9);
	if (T_EQ(pread(copy, bytes, 200, 0), 200))
		OK(t_is_pattern(bytes, 200, 0));

	T_EQ(zs_copy_range_retry(file, NULL, copy, &out, 50, 0), 50);
	T_EQ(out, 350);
	if (T_EQ(position(file), 57))
		T_EQ(position(copy), 9);
	T_EQ(zs_copy_range_retry(file, &in, copy, NULL, 50, 0), 50);
	T_EQ(in, 300);
	if (T_EQ(position(file), 57))
		T_EQ(position(copy), 59);
	if (T_EQ(zs_splice_retry(file, NULL, to[1], NULL, 50, 0), 50))
		T_EQ(position(file), 107);
	if (T_EQ(zs_splice_retry(to[0], NULL, copy, NULL, 50, 0), 50))
		T_EQ(position(copy), 109);
	T_EQ(zs_sendfile_retry(copy, file, NULL, 50, 0), 50);
	if (T_EQ(position(file), 157))
		T_EQ(position(copy), 159);

	/* Short at the end of the file, by as much as there is, and then 0. */
	in = 4990;
	T_EQ(zs_splice_retry(file, &in, to[1], NULL, 50, 0), 10);
	T_EQ(in, 5000);
	T_EQ(zs_splice_retry(file, &in, to[1], NULL, 50, 0), 0);
	T_EQ(in, 5000);
	T_EQ(zs_copy_range_retry(file, &in, copy, &out, 50, 0), 0);
	T_EQ(in, 5000);
	T_EQ(out, 350);
	T_EQ(zs_sendfile_retry(to[1], file, &in, 50, 0), 0);
	T_EQ(in, 5000);
	return t_done();
}
