/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread with a pending cancellation makes relays, moves bytes through them in all ways, and frees them. It
 * ends at the next cancellation point, and no descriptor is left open. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

struct story {
	struct t_relay it;
	unsigned int flags;
	int with_pool, returned;
};

/* Nothing in here may be a cancellation point, so that one in the library would show. */
static void *relays(void *argument)
{
	struct story *story = argument;
	zs_relay *there, *back;
	zs_pool *pool;
	char bytes[100] = { 0 };

	if (pthread_cancel(pthread_self()) != 0)
		return NULL;
	pool = story->with_pool ? zs_pool_new(1, 0) : NULL;
	there = zs_relay_new(story->it.fd_in, story->it.fd_out, ZS_TO_END, pool, story->flags | ZS_RELAY_SHUTDOWN);
	back = zs_relay_new(story->it.fd_out, story->it.fd_in, ZS_TO_END, pool, story->flags | ZS_RELAY_SHUTDOWN);
	zs_relay_pair(there, back);
	(void)!zs_relay_run(back, 0);
	while (zs_relay_run(there, 0) == ZS_WANT_RUN)
		;
	(void)!zs_relay_feed(there, bytes, sizeof bytes);
	(void)!zs_relay_run(there, 0);
	(void)!zs_relay_take(there, bytes, sizeof bytes);
	zs_relay_free(there);
	zs_relay_free(back);
	zs_pool_free(pool);
	story->returned = 1;
	pthread_testcancel();
	story->returned = 2;
	return NULL;
}

static void cancelled(enum t_stream in, enum t_stream out, int with_pool, int with_reset, unsigned int flags)
{
	struct story story = { .flags = flags | ZS_NOSIGPIPE, .with_pool = with_pool };
	int open = t_open_descriptors();
	pthread_t thread;
	void *value;

	t_scene("in %s out %s pool %d flags %s", t_stream_name(in), t_stream_name(out), with_pool,
		t_flag_words(flags));
	story.it = t_relay_fds(in, out);
	(void)t_push(story.it.in, 1 << 20, 0);
	if (with_reset) {
		t_reset(story.it.in);
		story.it.in = -1;
	}
	thread = t_thread(relays, &story);
	MUST(pthread_join(thread, &value) == 0);
	OK(value == PTHREAD_CANCELED && story.returned == 1);
	if (T_EQ(poll(&(struct pollfd){ .fd = story.it.out, .events = POLLIN }, 1, 1000), 1))
		OK(t_bytes_available(story.it.out) > 0);
	story.it.relay = NULL;
	t_relay_close(&story.it);
	T_EQ(t_open_descriptors(), open);
}

int main(void)
{
	for (int in = 0; in < T_STREAMS; in++)
		for (int out = 0; out < T_STREAMS; out++)
			for (int i = 0; i < 4 && !t_failures; i++)
				cancelled((enum t_stream)in, (enum t_stream)out, i & 1, in == T_A_TCP && i & 2,
					  i & 2 ? ZS_STABLE : ZS_RELAY_LEVEL);
	return t_done();
}
