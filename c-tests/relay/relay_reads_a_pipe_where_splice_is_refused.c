/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sandbox that refuses splice(2) does not keep a relay from reading a pipe, also where less than a page is still to
 * be taken. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define LEN 10000

static int refuses[] = { EPERM, ENOSYS, EINVAL };

static void reads(void *argument)
{
	static const uint64_t lens[] = { 1, 100, 4095, 4096, LEN };

	t_refuse(SYS_splice, *(int *)argument);
	for (int out = 0; out < T_A_PTY; out++)
		for (int i = 0; i < 20; i++) {
			uint64_t len = lens[i / 4];
			zs_pool *pool = i & 1 ? zs_pool_new(1, 0) : NULL;
			struct t_relay it = t_relay(T_A_PIPE, (enum t_stream)out, len, pool, i & 2 ? ZS_STABLE : 0);

			t_scene("to a %s, %s, %llu bytes, pool %d, stable %d", t_stream_name((enum t_stream)out),
				t_errno_name(*(int *)argument), (unsigned long long)len, i & 1, i >> 1 & 1);
			MUST(t_push(it.in, LEN, 0) == LEN);
			T_EQ(t_relay_run(it.relay, 0), 0);
			T_EQ(t_relay_result(it.relay).bytes, len);
			T_EQ(t_relay_result(it.relay).via, ZS_VIA_READ_WRITE);
			T_EQ(t_pull(it.out, LEN, 0), len);
			T_EQ(t_pull(it.fd_in, LEN, len), LEN - len);
			t_relay_close(&it);
			zs_pool_free(pool);
		}
}

int main(void)
{
	for (size_t i = 0; i < sizeof refuses / sizeof *refuses; i++)
		T_CHILD(reads, &refuses[i]);
	return t_done();
}
