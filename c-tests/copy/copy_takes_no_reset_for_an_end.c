/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel reports a reset once, to the first call that asks. A copy does not lose it, at whichever moment it
 * comes: between poll(2) and the read, or in a check of its own. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_reset.h"
#include "t_result.h"
#include "t_copy.h"

struct scene {
	enum t_place to;
	int nonblock, watched;
	uint32_t avoid;
	long number;
	int before;
};

static void before_a_call(void *argument)
{
	const struct scene *it = argument;
	struct zs_result result = t_unwritten();
	int tcp[2], out[2];

	t_tcp_pair(tcp, 0, 0);
	if (it->to == T_AT_FILE)
		out[1] = t_file(0);
	else
		t_stream((enum t_stream)(it->to - 1), out);
	t_nonblock(tcp[1], it->nonblock);
	t_reset_before(tcp[0], it->number, it->before);
	if (!T_EQ(T_COPY(tcp[1], NULL, out[1], NULL, ZS_TO_END, &result, .avoid = it->avoid,
		.timeout_ns = it->watched ? T_MS(3000) : 0), -1) |
	    !OK(errno == ECONNRESET && result.error == ECONNRESET && result.bytes == 0))
		fprintf(stderr, "... to %s nonblock %d watched %d avoid %s, before call %s, %d\n",
			t_place_name(it->to), it->nonblock, it->watched, t_via_words(it->avoid),
			t_call_name(it->number), it->before);
}

/* At random moments. */
static int sockets[2];
static volatile uint32_t haste;

static void *resets(void *argument)
{
	for (volatile uint32_t i = 0; i < haste; i++)
		;
	t_reset(sockets[0]);
	return argument;
}

int main(void)
{
	static const long calls[] = { SYS_recvfrom, SYS_ppoll, SYS_splice };
	static const uint32_t avoids[] = { 0, ZS_VIA_READ_WRITE };
	int64_t end;
	int out = t_file(0), ends = 0, played = 0;

	for (int i = 0; i < 3 * 2 * 2; i++)
		for (int how = 0; how < 4; how++)
			for (int to = 0; to <= T_AT_PIPE; to++)
				T_CHILD(before_a_call, (&(struct scene){ .to = (enum t_place)to, .number = calls[i % 3],
					.before = i / 3 % 2, .avoid = avoids[i / 6], .nonblock = how & 1,
					.watched = how >> 1 }));
	end = t_now_ms() + 500;
	for (; t_now_ms() < end && ends == 0; played++) {
		struct zs_result result;
		pthread_t thread;

		t_tcp_pair(sockets, 0, 0);
		haste = (uint32_t)played * 7919 % 6000;
		thread = t_thread(resets, NULL);
		ends += T_COPY(sockets[1], NULL, out, NULL, ZS_TO_END, &result, .timeout_ns = T_MS(5000)) != -1 ||
			errno != ECONNRESET;
		t_join(thread);
		MUST(close(sockets[1]) == 0);
	}
	T_EQ(ends, 0);
	printf("%d resets at random moments\n", played);
	return t_done();
}
