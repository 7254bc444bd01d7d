/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading trace_pipe consumes its events. When the kernel returns 0 such a file is not read to check for the
 * end: the event that is there stays. */
#include <zsplice.h>
#include <sched.h>
#include <sys/mount.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

static int calls;

static int64_t zero(const uint64_t *args, int earlier)
{
	(void)args;
	calls = earlier + 1;
	return 0;
}

static int open_in(const char *folder, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return open(path, flags);
}

static void trace(void *argument)
{
	struct zs_result result = t_unwritten();
	char folder[64], event[4096], token[64];
	int marker, pipe_in, out[2];
	ssize_t n;

	(void)argument;
	MUST(mkdir("tracefs", 0700) == 0);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
	    || mount("none", "tracefs", "tracefs", 0, NULL) != 0)
		t_skip("tracefs cannot be mounted here");
	/* A trace instance for this test alone, so that two runs of it do not disturb each other. */
	snprintf(folder, sizeof folder, "tracefs/instances/z%d", (int)getpid());
	if (mkdir(folder, 0700) != 0)
		t_skip("no instance of tracing can be made here");
	marker = open_in(folder, "trace_marker", O_WRONLY);
	pipe_in = open_in(folder, "trace_pipe", O_RDONLY | O_NONBLOCK);
	MUST(pipe(out) == 0);
	n = snprintf(token, sizeof token, "zsplice was here %d", (int)getpid());
	if (marker < 0 || pipe_in < 0 || write(marker, token, (size_t)n) != n) {
		rmdir(folder);
		t_skip("trace_pipe or trace_marker does not work here");
	}

	t_intercept(SYS_splice, zero);
	errno = 123;
	T_EQ(zs_splice_full(pipe_in, NULL, out[1], NULL, 4096, 0, &result), 0);
	T_EQ(errno, 123);
	OK(T_IS(result, 0));
	T_EQ(calls, 1);

	/* A read to check for the end would fail now, and be an error of the input. */
	t_refuse(T_SYS_PREAD, EIO);
	T_EQ(zs_splice_full(pipe_in, &(int64_t){ 0 }, out[1], NULL, 4096, 0, &result), 0);
	OK(T_IS(result, 0));
	T_EQ(errno, 123);
	n = read(pipe_in, event, sizeof event - 1);
	event[n > 0 ? n : 0] = 0;
	OK(strstr(event, token) != NULL);
	close(marker);
	close(pipe_in);
	T_EQ(rmdir(folder), 0);
	MUST(umount("tracefs") == 0 && rmdir("tracefs") == 0);
}

int main(void)
{
	int status = t_child(trace, NULL);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return 77;
	T_EQ(status, 0);
	return t_done();
}
