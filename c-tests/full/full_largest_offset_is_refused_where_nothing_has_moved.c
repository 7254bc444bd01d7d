/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A transfer that begins at the largest offset fails as in the kernel's call: EINVAL is not taken for the end
 * of the input where nothing has moved. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

int main(void)
{
	int file = t_file(3), out = t_file(0), fds[2], error;
	static const uint64_t lens[] = { 1, 10, ZS_TO_END };
	int64_t off, to;

	MUST(pipe(fds) == 0);
	for (int i = 0; i < 3; i++) {
		struct zs_result result = t_unwritten();
		size_t len = lens[i] < SSIZE_MAX ? (size_t)lens[i] : 1 << 30;
		ssize_t said;

		off = INT64_MAX;
		said = zs_splice(file, &off, fds[1], NULL, len, 0);
		error = said < 0 ? errno : 0;
		T_EQ(zs_splice_full(file, &off, fds[1], NULL, lens[i], 0, &result), said);
		if (T_EQ(result.bytes, 0) && T_EQ(result.error, error) && T_EQ(off, INT64_MAX))
			T_EQ(t_bytes_available(fds[0]), 0);

		said = zs_sendfile(out, file, &off, len);
		error = said < 0 ? errno : 0;
		T_EQ(zs_sendfile_full(out, file, &off, lens[i], 0, &result), said);
		T_EQ(result.bytes, 0);
		T_EQ(result.error, error);
		T_EQ(off, INT64_MAX);

		to = 0;
		said = zs_copy_range(file, &off, out, &to, len, 0);
		error = said < 0 ? errno : 0;
		T_EQ(zs_copy_range_full(file, &off, out, &to, lens[i], 0, &result), said);
		T_EQ(result.bytes, 0);
		T_EQ(result.error, error);
		T_EQ(off, INT64_MAX);
		T_EQ(to, 0);

		/* The same for the offset of the output, from a pipe that has bytes. */
		MUST(write(fds[1], "three", 5) == 5);
		said = zs_splice(fds[0], NULL, out, &off, len, 0);
		error = said < 0 ? errno : 0;
		T_EQ(said, -1);
		T_EQ(zs_splice_full(fds[0], NULL, out, &off, lens[i], 0, &result), -1);
		if (T_EQ(result.bytes, 0) && T_EQ(result.error, error) && T_EQ(off, INT64_MAX))
			T_EQ(t_bytes_available(fds[0]), 5);
		t_drain(fds[0], 5);
	}
	return t_done();
}
