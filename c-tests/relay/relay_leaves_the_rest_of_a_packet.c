/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `len` and the budget cut a packet of a pipe in packet mode (O_DIRECT, pipe(2)): a read would lose the rest of
 * it, which stays in the input all the same, and so does all of it if the input fails. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_intercept.h"

static void cut(enum t_stream out, uint32_t flags, int with_pool)
{
	struct t_relay it = t_relay_fds(T_A_PIPE, out);
	zs_pool *pool = NULL;
	int packets[2];
	char bytes[16];

	t_scene("to %s, flags %#x, pool %d", t_stream_name(out), flags, with_pool);
	if (with_pool)
		MUST((pool = zs_pool_new(1, 0)) != NULL);
	MUST(pipe2(packets, O_NONBLOCK | O_DIRECT) == 0);
	t_write(packets[1], "0123456789", 10);
	t_write(packets[1], "abc", 3);
	MUST((it.relay = zs_relay_new(packets[0], it.fd_out, 4, pool, flags)) != NULL);
	T_EQ(t_relay_run(it.relay, 0), 0);
	T_EQ(t_relay_result(it.relay).bytes, 4);
	T_EQ(zs_relay_more(it.relay, 8), 0);
	T_EQ(t_relay_run(it.relay, 0), 0);
	T_EQ(t_relay_result(it.relay).bytes, 12);
	OK(read(it.out, bytes, 16) == 12 && memcmp(bytes, "0123456789ab", 12) == 0);
	OK(read(packets[0], bytes, 16) == 1 && *bytes == 'c');
	t_relay_close(&it);
	zs_pool_free(pool);
	t_close2(packets);
}

static int64_t fails(const uint64_t *args, int earlier)
{
	(void)args;
	(void)earlier;
	return -EIO;
}

static void input_fails(void *argument)
{
	struct t_relay it = t_relay_fds(T_A_PIPE, T_A_UNIX);
	char bytes[16];

	(void)argument;
	t_write(it.in, "0123456789", 10);
	MUST((it.relay = zs_relay_new(it.fd_in, it.fd_out, 4, NULL, ZS_STABLE)) != NULL);
	t_intercept(SYS_splice, fails);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, EIO);
	T_EQ(t_relay_result(it.relay).side, ZS_SIDE_IN);
	T_EQ(t_relay_result(it.relay).in_flight, 0);
	T_EQ(read(it.fd_in, bytes, 16), 10);
	t_relay_close(&it);
}

int main(void)
{
	for (int out = T_A_UNIX; out <= T_A_TCP; out++)
		for (int i = 0; i < 4; i++)
			cut((enum t_stream)out, i & 1 ? ZS_STABLE : 0, i >> 1);
	T_CHILD(input_fails, NULL);
	return t_done();
}
