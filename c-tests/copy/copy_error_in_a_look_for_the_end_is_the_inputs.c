/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An input that fails when it is asked whether it has ended is blamed for that, after every byte has been delivered. So
 * is one that fails when it is asked for bytes that poll(2) does not report. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 100000

static int64_t fails(const uint64_t *args, int earlier)
{
	(void)earlier;
	return args[3] == LEN ? -EIO : T_CONTINUE;
}

static void looks(void *to)
{
	struct zs_result result = t_unwritten();
	int in = t_file(LEN), out[2];
	int64_t off = 0;

	if (*(enum t_place *)to == T_AT_FILE)
		out[1] = t_file(0);
	else
		t_stream(*(enum t_place *)to == T_AT_PIPE ? T_A_PIPE : T_A_UNIX, out);
	MUST(*(enum t_place *)to != T_AT_PIPE || fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
	t_intercept(T_SYS_PREAD, fails);
	T_EQ(T_COPY(in, &off, out[1], NULL, ZS_TO_END, &result, .avoid = ZS_VIA_READ_WRITE), -1);
	T_EQ(errno, EIO);
	T_EQ(result.error, EIO);
	T_EQ(result.side, ZS_SIDE_IN);
	T_EQ(result.bytes, LEN);
	T_EQ(off, LEN);
}

static int64_t peek_fails(const uint64_t *args, int earlier)
{
	(void)earlier;
	return args[3] & MSG_PEEK ? -EHOSTUNREACH : T_CONTINUE;
}

static void is_silent(void *unused)
{
	struct zs_result result = t_unwritten();
	int in[2], out[2];

	(void)unused;
	t_stream(T_A_TCP, in);
	t_stream(T_A_PIPE, out);
	t_intercept(SYS_recvfrom, peek_fails);
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, ZS_TO_END, &result, .timeout_ns = T_MS(10000)), -1);
	T_EQ(errno, EHOSTUNREACH);
	T_EQ(result.side, ZS_SIDE_IN);
	T_EQ(result.bytes, 0);
}

int main(void)
{
	T_CHILD(is_silent, NULL);
	T_CHILD(looks, &(enum t_place){ T_AT_FILE });
	T_CHILD(looks, &(enum t_place){ T_AT_PIPE });
	T_CHILD(looks, &(enum t_place){ T_AT_UNIX });
	return t_done();
}
