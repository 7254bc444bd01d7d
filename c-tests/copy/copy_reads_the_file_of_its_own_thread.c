/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread may have a descriptor table of its own: its copy of a file with holes reads, and asks for the holes of,
 * the file that this thread has at the number, not the one that the process has there. */
#include <sched.h>
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((int64_t)1 << 20)

static int number;

static void *story(void *argument)
{
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;
	int out;

	MUST(unshare(CLONE_FILES) == 0);
	out = t_file(0);
	{
		int sparse = t_file(0);

		MUST(ftruncate(sparse, LEN) == 0);
		t_put_pattern(sparse, LEN / 2, 65536, 9);
		MUST(dup2(sparse, number) == number && close(sparse) == 0);
	}
	T_EQ(zs_copy(number, &off_in, out, &off_out, ZS_TO_END, NULL, &result), LEN);
	OK(off_in == LEN && off_out == LEN && t_size(out) == LEN && t_same_bytes(number, out));
	T_EQ(result.holes, (uint64_t)LEN - 65536);
	return argument;
}

int main(void)
{
	pthread_t thread;

	/* Of the process: one that is all data, with holes where the other has none. */
	number = t_file((size_t)LEN / 2 - 4096);
	MUST(ftruncate(number, LEN) == 0);
	MUST(pthread_create(&thread, NULL, story, NULL) == 0);
	t_join(thread);
	if (T_EQ(t_position(number), 0))
		OK(t_has_pattern(number, 0, (size_t)LEN / 2 - 4096, 0));
	return t_done();
}
