/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Eight threads at once, each with its own pipes, files and errors: none sees bytes or the errno of another. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 200000

static void *feed(void *argument)
{
	struct zs_result result = t_unwritten();
	int *fds = argument;

	T_EQ(zs_splice_full(fds[2], NULL, fds[1], NULL, ZS_TO_END, 0, &result), LEN);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));
	MUST(close(fds[1]) == 0);
	return NULL;
}

static void *work(void *argument)
{
	int number = (int)(intptr_t)argument;

	for (int round = 0; round < 5; round++) {
		struct zs_result result = t_unwritten();
		int fds[3], copy[2], out = t_file(0);
		char bytes[4096];
		pthread_t feeder;

		MUST(pipe(fds) == 0 && pipe(copy) == 0);
		fds[2] = t_file(LEN);
		feeder = t_thread(feed, fds);
		errno = 1000 + number;
		T_EQ(zs_splice_full(fds[0], NULL, out, NULL, ZS_TO_END, 0, &result), LEN);
		T_EQ(errno, 1000 + number);
		OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));
		t_join(feeder);
		for (uint64_t at = 0; at < LEN; at += sizeof bytes) {
			ssize_t n = pread(out, bytes, sizeof bytes, (off_t)at);

			OK(n > 0 && t_is_pattern(bytes, (size_t)n, at));
		}
		for (int i = 0; i < 200; i++) {
			int error = number & 1 ? EBADF : ESPIPE;
			int64_t off = 0;

			T_EQ(zs_splice_full(number & 1 ? -1 : copy[0], number & 1 ? NULL : &off, out, NULL, 1,
			     0, &result), -1);
			T_EQ(errno, error);
			T_EQ(result.error, error);
		}
		t_close2(copy);
		MUST(close(fds[0]) == 0 && close(fds[2]) == 0 && close(out) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		threads[i] = t_thread(work, (void *)(intptr_t)i);
	for (int i = 0; i < 8; i++)
		t_join(threads[i]);
	return t_done();
}
