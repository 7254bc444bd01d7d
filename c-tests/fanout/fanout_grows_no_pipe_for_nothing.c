/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZS_GROW_PIPE lets pipes grow for a fan-out that has something to move, and not for one that is refused, or of no
 * bytes, or of so few that there is nothing to gain. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 300000
#define USUAL 65536

static void sizes(uint64_t len, int other, int error, int size)
{
	struct zs_options grow = { .flags = ZS_GROW_PIPE };
	int in[2], out[2];
	char bytes[50];

	MUST(pipe(in) == 0 && pipe(out) == 0 && fcntl(in[1], F_SETPIPE_SZ, USUAL) == USUAL);
	MUST(fcntl(out[1], F_SETPIPE_SZ, USUAL) == USUAL);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(in[1], bytes, sizeof bytes);
	MUST(close(in[1]) == 0);
	errno = 0;
	T_EQ(zs_fanout(in[0], NULL, (int[]){ out[1], other }, 2, len, &grow, NULL), (error ? -1 : len < sizeof
	     bytes ? (int64_t)len : (int64_t)sizeof bytes));
	T_EQ(errno, error);
	if (T_EQ(fcntl(in[0], F_GETPIPE_SZ), size))
		T_EQ(fcntl(out[1], F_GETPIPE_SZ), size);
	MUST(close(in[0]) == 0);
	t_close2(out);
}

int main(void)
{
	int limit, good = open("/dev/null", O_WRONLY);
	FILE *file = fopen("/proc/sys/fs/pipe-max-size", "r");

	MUST(good >= 0 && file != NULL && fscanf(file, "%d", &limit) == 1 && fclose(file) == 0);
	if (limit < 1 << 20)
		t_skip("pipes may not be as large as 1 MiB here");
	sizes(ZS_TO_END, -1, EBADF, USUAL);
	sizes(0, good, 0, USUAL);
	sizes(1000, good, 0, USUAL);
	sizes(ZS_TO_END, good, 0, 1 << 20);
	return t_done();
}
