/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_GROW_PIPE a pipe of the caller grows to 1 MiB and not beyond; without the flag its size stays. A
 * larger pipe is never made smaller. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int size_of(int fd)
{
	return fcntl(fd, F_GETPIPE_SZ);
}

static void copied(int from_pipe, int before, uint32_t flags, int after)
{
	struct t_pair *pair;
	int fd;

	/* The writer may already have put more into it than the size it is to have. */
	for (int i = 0; i < 100; i++) {
		pair = t_pair(from_pipe ? T_AT_PIPE : T_AT_FILE, from_pipe ? T_AT_FILE : T_AT_PIPE);
		fd = from_pipe ? pair->in : pair->out;
		if (fcntl(fd, F_SETPIPE_SZ, before) == before)
			break;
		MUST(errno == EBUSY && zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, NULL) >= 0);
		OK(t_pair_whole(pair));
	}
	MUST(fcntl(fd, F_GETPIPE_SZ) == before);
	T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, .flags = flags), T_PAIR_LEN);
	if (!T_EQ(size_of(fd), after))
		fprintf(stderr, "... from %d, %d bytes: %d\n", from_pipe, before, size_of(fd));
	OK(t_pair_whole(pair));
}

int main(void)
{
	int limit;
	FILE *file = fopen("/proc/sys/fs/pipe-max-size", "r");

	MUST(file != NULL && fscanf(file, "%d", &limit) == 1 && fclose(file) == 0);
	if (limit < 1 << 20)
		t_skip("pipes may not be as large as 1 MiB here");
	for (int from_pipe = 0; from_pipe < 2; from_pipe++) {
		copied(from_pipe, 65536, 0, 65536);
		copied(from_pipe, 4096, 0, 4096);
		copied(from_pipe, 65536, ZS_GROW_PIPE, 1 << 20);
		copied(from_pipe, 4096, ZS_GROW_PIPE, 1 << 20);
		copied(from_pipe, 1 << 20, ZS_GROW_PIPE, 1 << 20);
		copied(from_pipe, 65536, ZS_GROW_PIPE | ZS_STABLE, from_pipe ? 1 << 20 : 1 << 20);
	}
	return t_done();
}
