/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Negative and huge offsets of zs_copy_range_full and zs_sendfile_full have the outcome of the single call.
 * Nothing moves, and the offset stays. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static const int64_t offsets[] = { -1, -4096, INT64_MIN, INT64_MAX - 5, (int64_t)1 << 62 };
#define OFFSETS (int)(sizeof offsets / sizeof *offsets)

int main(void)
{
	int file = t_file(100), out = t_file(20), fds[2], error, errors = 0;
	int64_t off, said;

	MUST(pipe(fds) == 0);
	for (int i = 0; i < OFFSETS; i++) {
		struct zs_result result = t_unwritten();

		off = offsets[i];
		said = zs_copy_range(file, &off, out, NULL, 5, 0);
		error = said < 0 ? errno : 0;
		errors += said < 0;
		off = offsets[i];
		errno = 0;
		T_EQ(zs_copy_range_full(file, &off, out, NULL, 5, 0, &result), said);
		T_EQ(errno, error);
		OK(T_IS(result, .side = result.side, .error = error));
		T_EQ(off, offsets[i]);

		off = offsets[i];
		said = zs_copy_range(file, NULL, out, &off, 5, 0);
		error = errno;
		T_EQ(said, -1);
		off = offsets[i];
		T_EQ(zs_copy_range_full(file, NULL, out, &off, 5, 0, &result), -1);
		T_EQ(errno, error);
		OK(T_IS(result, .side = result.side, .error = error));
		T_EQ(off, offsets[i]);

		off = offsets[i];
		said = zs_sendfile(fds[1], file, &off, 5);
		error = said < 0 ? errno : 0;
		errors += said < 0;
		off = offsets[i];
		errno = 0;
		T_EQ(zs_sendfile_full(fds[1], file, &off, 5, 0, &result), said);
		T_EQ(errno, error);
		OK(T_IS(result, .side = result.side, .error = error));
		T_EQ(off, offsets[i]);
	}
	OK(errors >= 6); /* the negative ones at least */
	OK(lseek(file, 0, SEEK_CUR) == 0 && lseek(out, 0, SEEK_END) == 20 && t_bytes_available(fds[0]) == 0);
	return t_done();
}
