/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A piece that is cut to what a blocking socket takes now is sent without SPLICE_F_MORE, also with ZS_MORE: the
 * socket would hold back the end of each piece. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"

#define LEN 150000

static int in[2], tcp[2], cut, cut_with_more;

static int64_t look(const uint64_t *args, int earlier)
{
	int held;

	(void)earlier;
	if ((int)args[2] != tcp[0] || ioctl((int)args[0], FIONREAD, &held) != 0 || args[4] >= (uint64_t)held)
		return T_CONTINUE;
	__atomic_add_fetch(&cut, 1, __ATOMIC_SEQ_CST);
	if (args[5] & SPLICE_F_MORE)
		__atomic_add_fetch(&cut_with_more, 1, __ATOMIC_SEQ_CST);
	return T_CONTINUE;
}

static void *reader(void *argument)
{
	OK(t_gives_pattern(tcp[1], LEN, 0));
	return argument;
}

static void story(void *argument)
{
	static char bytes[LEN];
	int size = 65536;
	pthread_t thread;

	t_stream(*(enum t_stream *)argument, in);
	MUST(*(enum t_stream *)argument != T_A_PIPE || fcntl(in[1], F_SETPIPE_SZ, 1 << 20) > 0);
	t_tcp_pair(tcp, 0, 0);
	MUST(setsockopt(tcp[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	t_pattern(bytes, LEN, 0);
	t_write(in[1], bytes, LEN);
	MUST(close(in[1]) == 0);
	thread = t_thread(reader, NULL);
	t_intercept(SYS_splice, look);
	T_EQ(T_COPY(in[0], NULL, tcp[0], NULL, ZS_TO_END, NULL, .flags = ZS_MORE, .timeout_ns = T_MS(20000)), LEN);
	MUST(close(tcp[0]) == 0);
	t_join(thread);
	OK(__atomic_load_n(&cut, __ATOMIC_SEQ_CST) > 0);
	T_EQ(__atomic_load_n(&cut_with_more, __ATOMIC_SEQ_CST), 0);
}

int main(void)
{
	T_CHILD(story, &(enum t_stream){ T_A_UNIX });
	T_CHILD(story, &(enum t_stream){ T_A_PIPE });
	return t_done();
}
