/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Negative and huge offsets, and offsets for a descriptor that cannot seek, have the outcome of the single
 * call. Nothing moves, and the offset stays. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static const int64_t offsets[] = { -1, -4096, INT64_MIN, INT64_MAX - 5, (int64_t)1 << 62 };
#define OFFSETS (int)(sizeof offsets / sizeof *offsets)

int main(void)
{
	struct zs_result result;
	int file = t_file(100), fds[2], sock[2];
	int64_t off;

	MUST(pipe(fds) == 0 && write(fds[1], "bytes", 5) == 5);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == 0 && write(sock[1], "bytes", 5) == 5);
	for (int i = 0; i < OFFSETS; i++) {
		int64_t said = zs_splice(file, &(int64_t){ offsets[i] }, fds[1], NULL, 5, 0);
		int error = said < 0 ? errno : 0;

		OK(said <= 0); /* beyond the end there is nothing to move, whichever error the kernel has for that */
		off = offsets[i];
		result = t_unwritten();
		T_EQ(zs_splice_full(file, &off, fds[1], NULL, 5, 0, &result), said);
		T_EQ(off, offsets[i]);
		OK(said == 0 || errno == error);
		T_EQ(result.bytes, 0);
		T_EQ(result.via, 0);
		T_EQ(result.error, error);

		said = zs_splice(fds[0], NULL, file, &(int64_t){ offsets[i] }, 5, 0);
		T_EQ(said, -1); /* and no room to write */
		error = errno;
		off = offsets[i];
		result = t_unwritten();
		T_EQ(zs_splice_full(fds[0], NULL, file, &off, 5, 0, &result), -1);
		T_EQ(errno, error);
		T_EQ(off, offsets[i]);
		T_EQ(result.bytes, 0);
		T_EQ(result.via, 0);
		T_EQ(result.error, error);
		T_EQ(t_bytes_available(fds[0]), 5);
	}

	off = 0;
	T_EQ(zs_splice_full(fds[0], &off, file, NULL, 5, 0, &result), -1);
	T_EQ(errno, ESPIPE);
	OK(T_IS(result, .error = ESPIPE, .side = ZS_SIDE_CALL));
	T_EQ(zs_splice_full(file, NULL, fds[1], &off, 5, 0, &result), -1);
	T_EQ(errno, ESPIPE);
	OK(T_IS(result, .error = ESPIPE, .side = ZS_SIDE_CALL));
	T_EQ(zs_splice_full(sock[0], &off, fds[1], NULL, 5, 0, &result), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_splice_full(fds[0], NULL, sock[0], &off, 5, 0, &result), -1);
	T_EQ(errno, EINVAL);
	OK(off == 0 && t_bytes_available(fds[0]) == 5 && t_bytes_available(sock[0]) == 5);
	if (T_EQ(lseek(file, 0, SEEK_CUR), 0))
		T_EQ(lseek(file, 0, SEEK_END), 100);
	return t_done();
}
