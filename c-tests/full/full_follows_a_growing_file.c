/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file grows while it is moved to its end: each transfer ends where the file did end at some moment, and none
 * fails because a 0 was out of date when it was checked. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 16000

static int file, stop;
static char bytes[1 << 22];

static void *append(void *argument)
{
	for (uint64_t at = 0; at < sizeof bytes && !__atomic_load_n(&stop, __ATOMIC_SEQ_CST); at++) {
		unsigned char byte = t_pattern_at(at);

		MUST(pwrite(file, &byte, 1, (off_t)at) == 1);
		if (at % 64 == 0)
			t_sleep_ms(0);
	}
	return argument;
}

static off_t size(void)
{
	struct stat stat;

	MUST(fstat(file, &stat) == 0);
	return stat.st_size;
}

int main(void)
{
	int out = t_file(0), fds[2], turn = 0;
	int64_t off = 0, until, moved, before;
	int full;
	pthread_t appender;

	file = t_file(0);
	MUST(pipe(fds) == 0);
	appender = t_thread(append, NULL);
	for (until = t_now_ms() + 300; t_now_ms() < until; turn++) {
		struct zs_result result = t_unwritten();

		before = size();
		full = 0;
		if (turn % 3 == 0) {
			moved = zs_sendfile_full(out, file, &off, ZS_TO_END, 0, &result);
		} else if (turn % 3 == 1) {
			moved = zs_copy_range_full(file, &off, out, NULL, ZS_TO_END, 0, &result);
		} else {
			/* A pipe takes 16 pieces, however small they are. */
			moved = zs_splice_full(file, &off, fds[1], NULL, LEN, SPLICE_F_NONBLOCK, &result);
			full = moved == -1 && errno == EAGAIN;
			moved = full ? (int64_t)result.bytes : moved;
			T_EQ(zs_splice_full(fds[0], NULL, out, NULL, (uint64_t)moved, 0, NULL), moved);
		}
		if (!OK(moved >= 0 && result.error == (full ? EAGAIN : 0) && result.bytes == (uint64_t)moved))
			break;
		if (moved != LEN && !full)
			OK(off >= before);
		OK(off <= size());
	}
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	t_join(appender);
	OK(zs_sendfile_full(out, file, &off, ZS_TO_END, 0, NULL) >= 0);
	OK(off == size() && lseek(out, 0, SEEK_CUR) == off && turn > 3);
	if (T_EQ(pread(out, bytes, sizeof bytes, 0), off))
		OK(t_is_pattern(bytes, (size_t)off, 0));
	return t_done();
}
