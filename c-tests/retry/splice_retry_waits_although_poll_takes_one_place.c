/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* poll(2) refuses to look at two descriptors at once where RLIMIT_NOFILE is 1: each side is looked at and waited
 * for by itself. */
#include <zsplice.h>
#include "t.h"

static void story(void *argument)
{
	const int *is_full = argument;
	struct rlimit one = { 1, 1 };
	int in[2], out[2];
	size_t filled = 0;
	struct t_later writes, drains;
	pthread_t threads[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, in) == 0 && pipe2(out, O_NONBLOCK) == 0);
	t_nonblock(in[1], 0);
	t_nonblock(out[0], 0);
	if (*is_full)
		filled = t_fill_pipe(out[1]);
	MUST(setrlimit(RLIMIT_NOFILE, &one) == 0);
	writes = (struct t_later){ .ms = 50, .fd = in[1], .write = "twelve bytes", .close = 1 };
	drains = (struct t_later){ .ms = 20, .fd = out[0], .drain = filled };
	threads[0] = t_later(&writes);
	threads[1] = t_later(&drains);
	T_EQ(zs_splice_retry(in[0], NULL, out[1], NULL, 100, 0), 12);
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 100, 0, NULL), 0);
	t_join(threads[0]);
	t_join(threads[1]);
}

int main(void)
{
	T_CHILD(story, &(int){ 0 });
	T_CHILD(story, &(int){ 1 });
	return t_done();
}
