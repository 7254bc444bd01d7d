/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A length that takes many calls, through a pipe that holds a fraction of it: all of it arrives in order, from
 * a file and into one. One thread for each end of the pipe. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN (1 << 20)

static int out_of_pipe, into_file;

static void *from_pipe_to_file(void *argument)
{
	struct zs_result result = t_unwritten();

	T_EQ(zs_splice_full(out_of_pipe, NULL, into_file, NULL, LEN, 0, &result), LEN);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));
	return argument;
}

int main(void)
{
	static char bytes[LEN];
	struct zs_result result = t_unwritten();
	int from = t_file(LEN + 5), fds[2];
	pthread_t other;

	MUST(pipe(fds) == 0);
	out_of_pipe = fds[0];
	into_file = t_file(0);
	other = t_thread(from_pipe_to_file, NULL);
	T_EQ(zs_splice_full(from, NULL, fds[1], NULL, LEN, 0, &result), LEN);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));
	t_join(other);

	/* Not a byte more, and both positions are behind the last. */
	T_EQ(t_bytes_available(fds[0]), 0);
	if (T_EQ(lseek(from, 0, SEEK_CUR), LEN))
		T_EQ(lseek(into_file, 0, SEEK_CUR), LEN);
	T_EQ(lseek(into_file, 0, SEEK_END), LEN);
	if (T_EQ(pread(into_file, bytes, LEN, 0), LEN))
		OK(t_is_pattern(bytes, LEN, 0));
	return t_done();
}
