/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A signal every few hundred microseconds during large transfers has no effect: no EINTR, no short count, no
 * wrong byte. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

#define LEN (24 << 20)
#define HOLE ((int64_t)4 << 30)

static int reads, copy_reads;

static void *check(void *argument)
{
	static char bytes[2][65536];
	int fd = *(int *)argument;
	char *room = bytes[fd == copy_reads];
	size_t at = 0, n;

	while ((n = t_read(fd, room, 65536)) > 0) {
		if (!OK(t_is_pattern(room, n, at)))
			break;
		at += n;
	}
	T_EQ(at, LEN);
	return NULL;
}

int main(void)
{
	struct zs_result result = t_unwritten();
	int file = t_file(LEN), out = t_file(0), null = open("/dev/null", O_WRONLY);
	int hole = memfd_create("hole", 0), fds[2], copy[2], again[2], before;
	int64_t off = 0;
	pthread_t reader, copy_reader;

	MUST(null >= 0 && hole >= 0 && ftruncate(hole, HOLE) == 0 && pipe(fds) == 0);
	t_signal_storm(300);

	reads = fds[0];
	reader = t_thread(check, &reads);
	before = t_signals;
	errno = 123;
	T_EQ(zs_splice_full(file, &off, fds[1], NULL, ZS_TO_END, 0, &result), LEN);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));
	OK(t_signals > before);
	T_EQ(off, LEN);
	MUST(close(fds[1]) == 0);
	t_join(reader);

	before = t_signals;
	off = 0;
	T_EQ(zs_sendfile_full(null, hole, NULL, ZS_TO_END, 0, &result), HOLE);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = (uint64_t)HOLE, .via = ZS_VIA_SENDFILE));
	OK(t_signals > before + 10);
	T_EQ(zs_copy_range_full(file, &off, out, NULL, ZS_TO_END, 0, &result), LEN);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_COPY_RANGE));
	T_EQ(lseek(out, 0, SEEK_END), LEN);

	/* The copy on to a pipe and one more. */
	MUST(pipe(fds) == 0 && pipe(copy) == 0 && pipe(again) == 0);
	reads = fds[0];
	copy_reads = copy[0];
	reader = t_thread(check, &reads);
	copy_reader = t_thread(check, &copy_reads);
	switch (fork()) {
	case -1:
		MUST(0);
		break;
	case 0:
		_exit(zs_splice_full(out, &(int64_t){ 0 }, again[1], NULL, ZS_TO_END, 0, NULL) < 0);
	}
	MUST(close(again[1]) == 0);
	before = t_signals;
	T_EQ(zs_tee_full(again[0], copy[1], fds[1], ZS_TO_END, 0, &result), LEN);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_TEE | ZS_VIA_SPLICE));
	OK(t_signals > before + 5);
	MUST(close(fds[1]) == 0 && close(copy[1]) == 0);
	t_join(reader);
	t_join(copy_reader);
	t_signal_storm(0);
	return t_done();
}
