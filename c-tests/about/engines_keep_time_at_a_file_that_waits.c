/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file whose read waits, such as trace_pipe, is waited for by poll(2) like a pipe: limits of time are kept, and
 * what came before them is delivered. */
#include <zsplice.h>
#include <sched.h>
#include <sys/mount.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static const char folder[] = "tracefs/instances/zsplice";
static const char token[] = "zsplice was here";

static int open_in(const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC);
}

enum way { BY_COPY, BY_FANOUT, BY_BRIDGE, WAYS };

static int64_t moved(enum way way, int in, int out, struct zs_result results[2])
{
	struct zs_options options = { .timeout_ns = T_MS(300) };
	int64_t returned;
	int back[2];

	switch (way) {
	case BY_COPY:
		return zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, results);
	case BY_FANOUT:
		return zs_fanout(in, NULL, &out, 1, ZS_TO_END, &options, results);
	default:
		MUST(pipe(back) == 0 && close(back[1]) == 0);
		returned = zs_bridge(in, out, back[0], out, &options, results);
		MUST(close(back[0]) == 0);
		return returned;
	}
}

static void waits(enum way way, int marker)
{
	struct zs_result results[2];
	char event[4096] = "";
	int in = open_in("trace_pipe", O_RDONLY), out[2];

	t_scene("way %d", (int)way);
	MUST(in >= 0 && pipe2(out, O_NONBLOCK) == 0);
	alarm(20);
	for (int with = 0; with < 2; with++) {
		if (with)
			MUST(write(marker, token, sizeof token - 1) == sizeof token - 1);
		T_EQ(moved(way, in, out[1], results), -1);
		T_EQ(errno, ETIMEDOUT);
		T_EQ(results[0].side, ZS_SIDE_CALL);
		OK(read(out[0], event, sizeof event - 1) == (with ? (ssize_t)results[0].bytes : -1));
	}
	OK(strstr(event, token) != NULL);
	MUST(close(in) == 0 && close(out[0]) == 0 && close(out[1]) == 0);
}

static void traced(void *unused)
{
	int marker;

	(void)unused;
	MUST(mkdir("tracefs", 0700) == 0);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
	    || mount("none", "tracefs", "tracefs", 0, NULL) != 0)
		t_skip("tracefs cannot be mounted here");
	rmdir(folder);
	if (mkdir(folder, 0700) != 0)
		t_skip("no instance of tracing can be made here");
	marker = open_in("trace_marker", O_WRONLY);
	for (int way = 0; way < WAYS && marker >= 0; way++)
		waits((enum way)way, marker);
	close(marker);
	T_EQ(rmdir(folder), 0);
	if (marker < 0)
		t_skip("trace_marker does not work here");
}

int main(void)
{
	T_CHILD(traced, NULL);
	return t_done();
}
