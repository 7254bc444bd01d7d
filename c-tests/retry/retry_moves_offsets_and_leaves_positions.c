/* With an offset bytes go there, and it advances by what moved; the descriptor's own position
 * stays. Without one it is the position that advances. */
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
	OK(zs_splice_retry(file, &in, to[1], NULL, 50, 0) == 50 && in == 150);
	OK(zs_splice_retry(to[0], NULL, copy, &out, 80, 0) == 50 && out == 250);
	OK(pread(copy, bytes, 50, 200) == 50 && t_is_pattern(bytes, 50, 100));
	OK(zs_copy_range_retry(file, &in, copy, &out, 50, 0) == 50 && in == 200 && out == 300);
	OK(pread(copy, bytes, 100, 200) == 100 && t_is_pattern(bytes, 100, 100));
	OK(zs_sendfile_retry(to[1], file, &in, 50, 0) == 50 && in == 250);
	OK(t_read(to[0], bytes, 50) == 50 && t_is_pattern(bytes, 50, 200));
	OK(position(file) == 7 && position(copy) == 9);
	OK(pread(copy, bytes, 200, 0) == 200 && t_is_pattern(bytes, 200, 0));

	OK(zs_copy_range_retry(file, NULL, copy, &out, 50, 0) == 50 && out == 350);
	OK(position(file) == 57 && position(copy) == 9);
	OK(zs_copy_range_retry(file, &in, copy, NULL, 50, 0) == 50 && in == 300);
	OK(position(file) == 57 && position(copy) == 59);
	OK(zs_splice_retry(file, NULL, to[1], NULL, 50, 0) == 50 && position(file) == 107);
	OK(zs_splice_retry(to[0], NULL, copy, NULL, 50, 0) == 50 && position(copy) == 109);
	OK(zs_sendfile_retry(copy, file, NULL, 50, 0) == 50);
	OK(position(file) == 157 && position(copy) == 159);

	/* Short at the end of the file, by as much as there is, and then 0. */
	in = 4990;
	OK(zs_splice_retry(file, &in, to[1], NULL, 50, 0) == 10 && in == 5000);
	OK(zs_splice_retry(file, &in, to[1], NULL, 50, 0) == 0 && in == 5000);
	OK(zs_copy_range_retry(file, &in, copy, &out, 50, 0) == 0 && in == 5000 && out == 350);
	OK(zs_sendfile_retry(to[1], file, &in, 50, 0) == 0 && in == 5000);
	return t_done();
}
