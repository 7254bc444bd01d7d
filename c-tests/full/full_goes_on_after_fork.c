/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A process forks while one of its threads is in the middle of a transfer: parent and child both make further
 * transfers, and the running one completes. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int slow[2], fast[2];

static void *runs(void *argument)
{
	T_EQ(zs_splice_full(slow[0], NULL, fast[1], NULL, 8, 0, NULL), 8);
	return argument;
}

static void transfer(void *argument)
{
	struct zs_result result = t_unwritten();
	int file = t_file(50000), out = t_file(0), fds[2];
	char bytes[4096];

	(void)argument;
	MUST(pipe(fds) == 0);
	errno = 123;
	T_EQ(zs_sendfile_full(out, file, NULL, ZS_TO_END, 0, &result), 50000);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = 50000, .via = ZS_VIA_SENDFILE));
	T_EQ(zs_splice_full(file, &(int64_t){ 1 }, fds[1], NULL, 4096, 0, NULL), 4096);
	if (T_EQ(t_read(fds[0], bytes, 4096), 4096))
		OK(t_is_pattern(bytes, 4096, 1));
	T_EQ(zs_splice_full(-1, NULL, fds[1], NULL, 1, 0, NULL), -1);
	T_EQ(errno, EBADF);
}

int main(void)
{
	pthread_t thread;
	pid_t child;
	int status;

	MUST(pipe(slow) == 0 && pipe(fast) == 0);
	thread = t_thread(runs, NULL);
	MUST(write(slow[1], "half", 4) == 4);
	while (t_bytes_available(fast[0]) < 4)
		t_sleep_ms(1);

	/* Both at once. */
	MUST((child = fork()) >= 0);
	if (child == 0) {
		t_failures = 0;
		for (int i = 0; i < 20; i++)
			transfer(NULL);
		_exit(t_done());
	}
	for (int i = 0; i < 20; i++)
		transfer(NULL);
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
	T_CHILD(transfer, NULL);

	T_EQ(t_bytes_available(fast[0]), 4);
	MUST(write(slow[1], "done", 4) == 4);
	t_join(thread);
	T_EQ(t_bytes_available(fast[0]), 8);
	return t_done();
}
