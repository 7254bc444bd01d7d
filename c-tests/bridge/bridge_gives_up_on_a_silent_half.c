/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* half_idle_ns ends a bridge that moves nothing, but only once one direction is over: counted from there, and from
 * each byte since. zs_copy and zs_fanout, which have one direction, take no notice of it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define HALF_IDLE 400

static const struct zs_options with = { .half_idle_ns = T_MS(HALF_IDLE), .timeout_ns = T_MS(20000) };
static int a[2], b[2];

static void *play(void *ends)
{
	/* Longer than the limit, and both directions are open. */
	usleep(2 * HALF_IDLE * 1000);
	MUST(write(a[1], "question", 8) == 8);
	usleep(2 * HALF_IDLE * 1000);
	MUST(shutdown(a[1], SHUT_WR) == 0);
	/* The other direction moves a byte in time, again and again. */
	for (int i = 0; i < 8; i++) {
		usleep(HALF_IDLE * 1000 / 6);
		MUST(write(b[1], "!", 1) == 1);
	}
	if (ends)
		MUST(shutdown(b[1], SHUT_WR) == 0);
	return NULL;
}

static void bridged(int ends)
{
	struct zs_result results[2];
	int64_t began = t_now_ms(), took;
	pthread_t thread;

	t_scene("the other side %s", ends ? "ends" : "never ends");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
	MUST(pthread_create(&thread, NULL, play, ends ? &ends : NULL) == 0);
	T_EQ(zs_bridge(a[0], a[0], b[0], b[0], &with, results), ends ? 0 : -1);
	took = t_now_ms() - began;
	t_join(thread);
	OK(took >= 5 * HALF_IDLE + (ends ? 0 : HALF_IDLE) - 1 && took < 10000 * t_slower());
	OK(T_IS(results[0], .bytes = 8, .copied = 8, .via = ZS_VIA_READ_WRITE));
	if (ends)
		OK(T_IS(results[1], .bytes = 8, .copied = 8, .via = ZS_VIA_READ_WRITE, .index = 1));
	else
		OK(T_IS(results[1], .bytes = 8, .copied = 8, .via = ZS_VIA_READ_WRITE, .error = ETIMEDOUT,
			.side = ZS_SIDE_CALL, .index = 1));
	t_close2(a);
	t_close2(b);
}

static void one_direction(void)
{
	struct t_later later = { .ms = 2 * HALF_IDLE, .write = "!" };
	struct zs_options options = with;
	int in[2], out[2];
	pthread_t thread;

	MUST(pipe(in) == 0 && pipe(out) == 0);
	later.fd = in[1];
	thread = t_later(&later);
	T_EQ(zs_copy(in[0], NULL, out[1], NULL, 1, &options, NULL), 1);
	t_join(thread);
	thread = t_later(&later);
	T_EQ(zs_fanout(in[0], NULL, &out[1], 1, 1, &options, NULL), 1);
	t_join(thread);
	options.half_idle_ns = -1;
	T_EQ(zs_copy(in[0], NULL, out[1], NULL, 1, &options, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_fanout(in[0], NULL, &out[1], 1, 1, &options, NULL), -1);
	T_EQ(errno, EINVAL);
	T_EQ(zs_bridge(in[0], out[1], in[0], out[1], &options, NULL), -1);
	T_EQ(errno, EINVAL);
}

int main(void)
{
	bridged(0);
	bridged(1);
	one_direction();
	return t_done();
}
