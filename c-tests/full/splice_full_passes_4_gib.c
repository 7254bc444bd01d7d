/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Six GiB go through one pipe in one call of each end: no count is cut to 31 or 32 bits. The input
 * is one hole, which costs nothing. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

#define LEN ((int64_t)6 << 30)

static int out_of_pipe;

static void *drain(void *argument)
{
	struct zs_result result = t_unwritten();
	int null = open("/dev/null", O_WRONLY);

	T_EQ(zs_splice_full(out_of_pipe, NULL, null, NULL, ZS_TO_END, 0, &result), LEN);
	OK(T_IS(result, .bytes = (uint64_t)LEN, .via = ZS_VIA_SPLICE));
	return argument;
}

int main(void)
{
	struct zs_result result = t_unwritten();
	int fds[2], hole = memfd_create("hole", 0);
	int64_t off = 3;
	pthread_t other;

	MUST(hole >= 0 && ftruncate(hole, LEN + 3) == 0);
	MUST(pipe(fds) == 0 && fcntl(fds[1], F_SETPIPE_SZ, 1 << 20) > 0);
	out_of_pipe = fds[0];
	other = t_thread(drain, NULL);
	T_EQ(zs_splice_full(hole, &off, fds[1], NULL, ZS_TO_END, 0, &result), LEN);
	OK(T_IS(result, .bytes = (uint64_t)LEN, .via = ZS_VIA_SPLICE));
	T_EQ(off, LEN + 3);
	MUST(close(fds[1]) == 0);
	t_join(other);
	return t_done();
}
