/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is moved from one pipe to a file, a pipe or a socket is also in a second pipe. The rest of the input
 * stays where it is. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int in[2], copy[2];

static void into(int out, int out_reads)
{
	struct zs_result result = t_unwritten();
	char bytes[32];

	MUST(pipe(in) == 0 && pipe(copy) == 0 && write(in[1], "the whole story, and more", 25) == 25);
	errno = 123;
	T_EQ(zs_tee_full(in[0], copy[1], out, 15, 0, &result), 15);
	T_EQ(errno, 123);
	OK(T_IS(result, .bytes = 15, .via = ZS_VIA_TEE | ZS_VIA_SPLICE));
	if (T_EQ(t_bytes_available(in[0]), 10))
		T_EQ(t_bytes_available(copy[0]), 15);

	/* To the end, without a result; then once more at the end. */
	MUST(close(in[1]) == 0);
	T_EQ(zs_tee_full(in[0], copy[1], out, ZS_TO_END, 0, NULL), 10);
	T_EQ(errno, 123);
	T_EQ(zs_tee_full(in[0], copy[1], out, 1000, 0, &result), 0);
	T_EQ(errno, 123);
	OK(T_IS(result, 0));
	if (T_EQ(read(copy[0], bytes, 32), 25))
		T_EQ(memcmp(bytes, "the whole story, and more", 25), 0);
	if (T_EQ(t_read(out_reads, bytes, 25), 25))
		T_EQ(memcmp(bytes, "the whole story, and more", 25), 0);
	MUST(close(in[0]) == 0);
	t_close2(copy);
}

int main(void)
{
	int fds[2], file = t_file(0);

	into(file, t_reopen(file, O_RDONLY));
	T_EQ(lseek(file, 0, SEEK_CUR), 25);
	MUST(pipe(fds) == 0);
	into(fds[1], fds[0]);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	into(fds[0], fds[1]);
	t_tcp_pair(fds, 0, 0);
	into(fds[0], fds[1]);
	return t_done();
}
