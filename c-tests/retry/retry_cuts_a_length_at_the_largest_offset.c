/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A range that ends beyond the largest offset is shortened to end there, as in the _full functions. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"

int main(void)
{
	int file = memfd_create("t", 0), to[2], pair[2]; /* other files have a smaller largest offset */

	MUST(file >= 0 && write(file, "x", 1) == 1);
	MUST(pipe(to) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	for (int i = 1; i < 20; i++) {
		int64_t start = INT64_MAX - i, off = start;
		size_t lens[] = { (size_t)i, (size_t)i + 1, 100, 1 << 20, SSIZE_MAX, SIZE_MAX };

		for (int j = 0; j < 6; j++) {
			errno = ENOTTY;
			T_EQ(zs_splice_retry(file, &off, to[1], NULL, lens[j], 0), 0);
			T_EQ(off, start);
			T_EQ(zs_sendfile_retry(pair[0], file, &off, lens[j], 0), 0);
			T_EQ(off, start);
			T_EQ(errno, ENOTTY);
		}
	}
	if (T_EQ(t_bytes_available(to[0]), 0))
		T_EQ(t_bytes_available(pair[1]), 0);
	return t_done();
}
