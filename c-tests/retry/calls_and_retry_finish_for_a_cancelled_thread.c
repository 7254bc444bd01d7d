/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No function is a cancellation point: a cancelled thread finishes the call, even if it blocks, and ends at the
 * next cancellation point. */
#include <zsplice.h>
#include "t.h"

static int from[2], to[2], late[2], file, copy, finished;

static void *is_cancelled(void *unused)
{
	struct iovec iov = { (void *)(intptr_t)"four", 4 };
	char bytes[64];

	(void)unused;
	MUST(pthread_cancel(pthread_self()) == 0);
	T_EQ(zs_splice(from[0], NULL, to[1], NULL, 1, 0), 1);
	T_EQ(zs_tee(from[0], to[1], 1, 0), 1);
	T_EQ(zs_vmsplice(to[1], &iov, 1, 0), 4);
	T_EQ(zs_copy_range(file, NULL, copy, NULL, 1, 0), 1);
	T_EQ(zs_sendfile(copy, file, NULL, 1), 1);
	T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 1, 0), 1);
	T_EQ(zs_tee_retry(from[0], to[1], 1, 0), 1);
	T_EQ(zs_copy_range_retry(file, NULL, copy, NULL, 1, 0), 1);
	T_EQ(zs_sendfile_retry(copy, file, NULL, 1, 0), 1);
	/* What comes late blocks the first in the kernel, the second in its wait. */
	T_EQ(zs_splice(late[0], NULL, to[1], NULL, 1, 0), 1);
	t_nonblock(late[0], 1);
	T_EQ(zs_splice_retry(late[0], NULL, to[1], NULL, 10, 0), 5);
	finished = 1;
	(void)!read(to[0], bytes, sizeof bytes); /* this is one */
	OK(!"got past a cancellation point");
	return NULL;
}

int main(void)
{
	struct t_later later[2] = { { .ms = 50 }, { .ms = 150 } };
	pthread_t threads[3];
	void *end;

	MUST(pipe(from) == 0 && pipe(to) == 0 && pipe(late) == 0 && write(from[1], "four", 4) == 4);
	file = t_file(100);
	copy = t_file(0);
	later[0].fd = later[1].fd = late[1];
	later[0].write = "1";
	later[1].write = "later";
	threads[0] = t_thread(is_cancelled, NULL);
	threads[1] = t_later(&later[0]);
	threads[2] = t_later(&later[1]);
	MUST(pthread_join(threads[0], &end) == 0);
	OK(end == PTHREAD_CANCELED);
	OK(finished);
	t_join(threads[1]);
	t_join(threads[2]);
	return t_done();
}
