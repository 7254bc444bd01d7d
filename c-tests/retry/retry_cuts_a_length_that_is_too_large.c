/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A length beyond what the kernel takes is shortened: everything that is there is moved. */
#include <zsplice.h>
#include "t.h"

static void moves_it_all(size_t len)
{
	int file = t_file(5000), copy = t_file(0), from[2], to[2], pair[2];
	int64_t at = 100, out_at = 50;
	unsigned char bytes[5000];

	MUST(pipe(from) == 0 && pipe(to) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	MUST(lseek(file, 100, SEEK_SET) == 100 && lseek(copy, 50, SEEK_SET) == 50);

	/* File to pipe, at its own position and at an offset; pipe to pipe, twice; pipe to file. */
	T_EQ(zs_splice_retry(file, NULL, to[1], NULL, len, 0), 4900);
	if (T_EQ(t_read(to[0], bytes, 4900), 4900))
		OK(t_is_pattern(bytes, 4900, 100));
	T_EQ(zs_splice_retry(file, &at, to[1], NULL, len, 0), 4900);
	T_EQ(at, 5000);
	T_EQ(zs_tee_retry(to[0], from[1], len, 0), 4900);
	T_EQ(zs_splice_retry(from[0], NULL, copy, NULL, len, 0), 4900);
	T_EQ(zs_splice_retry(to[0], NULL, from[1], NULL, len, 0), 4900);
	T_EQ(zs_splice_retry(from[0], NULL, copy, &out_at, len, 0), 4900);
	T_EQ(out_at, 4950);
	if (T_EQ(pread(copy, bytes, 4900, 50), 4900))
		OK(t_is_pattern(bytes, 4900, 100));

	/* File to file, socket, pipe; socket to pipe; pipe to socket. */
	at = 100;
	MUST(ftruncate(copy, 0) == 0 && lseek(copy, 50, SEEK_SET) == 50);
	T_EQ(zs_copy_range_retry(file, &at, copy, NULL, len, 0), 4900);
	T_EQ(at, 5000);
	T_EQ(lseek(copy, 0, SEEK_CUR), 4950);
	MUST(lseek(file, 100, SEEK_SET) == 100);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, len, 0), 4900);
	at = 100;
	MUST(lseek(file, 100, SEEK_SET) == 100);
	T_EQ(zs_sendfile_retry(copy, file, &at, len, 0), 4900);
	T_EQ(at, 5000);
	if (T_EQ(pread(copy, bytes, 4900, 9850), 4900))
		OK(t_is_pattern(bytes, 4900, 100));
	T_EQ(zs_sendfile_retry(pair[0], file, NULL, len, 0), 4900);
	OK(zs_splice_retry(pair[1], NULL, to[1], NULL, len, 0) > 0);
	OK(zs_splice_retry(to[0], NULL, pair[1], NULL, len, 0) > 0);
	MUST(close(file) == 0 && close(copy) == 0);
	t_close2(from);
	t_close2(to);
	t_close2(pair);
}

int main(void)
{
	moves_it_all(SIZE_MAX);
	moves_it_all((size_t)SSIZE_MAX + 1);
	moves_it_all(SSIZE_MAX);
	moves_it_all(SIZE_MAX / 4096 * 4096);
	return t_done();
}
