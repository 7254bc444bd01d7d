/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* POLLERR and POLLHUP of a file, which whoever serves it may say (FUSE), end no copy and no fan-out: a file fails by its
 * reads and writes. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_fuse.h"

static struct t_fuse *fuse;

/* The bytes come while the transfer waits for them. */
static void to_file(int by_fanout)
{
	struct zs_options options = { .size = sizeof options, .timeout_ns = T_MS(10000) * t_slower() };
	struct t_later later = { .ms = 20, .write = "late", .close = 1 };
	int in, out, pipes[2];
	pthread_t thread;

	t_fuse_open(fuse, &in, &out);
	MUST(pipe(pipes) == 0);
	later.fd = pipes[1];
	thread = t_later(&later);
	if (by_fanout)
		T_EQ(zs_fanout(pipes[0], NULL, &out, 1, ZS_TO_END, &options, NULL), 4);
	else
		T_EQ(zs_copy(pipes[0], NULL, out, NULL, ZS_TO_END, &options, NULL), 4);
	t_join(thread);
	MUST(fsync(out) == 0);
	OK(fuse->size[T_FUSE_OUT] == 4 && memcmp(fuse->bytes[T_FUSE_OUT], "late", 4) == 0);
	MUST(close(in) == 0 && close(out) == 0 && close(pipes[0]) == 0);
}

static void from_file(void)
{
	int in, out, to = t_file(0);

	t_fuse_open(fuse, &in, &out);
	T_EQ(T_COPY(in, NULL, to, NULL, ZS_TO_END, NULL, .timeout_ns = T_MS(10000) * t_slower()), (int64_t)T_FUSE_LEN);
	OK(t_has_pattern(to, 0, T_FUSE_LEN, 0));
	MUST(close(in) == 0 && close(out) == 0 && close(to) == 0);
}

int main(void)
{
	int in, out;

	t_own_mounts();
	fuse = t_fuse();
	fuse->poll_says = POLLERR | POLLHUP;
	t_fuse_open(fuse, &in, &out);
	T_EQ(t_ready(out, POLLOUT), POLLERR | POLLHUP);
	MUST(close(in) == 0 && close(out) == 0);
	to_file(0);
	to_file(1);
	from_file();
	MUST(umount2("fuse", MNT_DETACH) == 0);
	return t_done();
}
