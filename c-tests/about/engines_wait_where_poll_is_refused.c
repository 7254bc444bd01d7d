/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a sandbox refuses poll(2), or RLIMIT_NOFILE is 0, zs_copy and zs_fanout wait in the calls that move bytes:
 * a peer that pauses, on either side, keeps no byte back, and does not end the transfer. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"
#include "t_fanout.h"

#define LEN 700001
#define PIECE 200000

enum refusal { BY_SANDBOX, BY_LIMIT, REFUSALS };

struct scene {
	enum t_engine engine;
	enum t_from from;
	enum t_out to;
	uint32_t avoid;
	enum refusal refusal;
	int far;
};

/* Longer than a thousand calls that do not wait. */
static void *writes_with_pauses(void *argument)
{
	const struct scene *scene = argument;
	static char bytes[LEN];

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_pattern(bytes, LEN, 0);
	for (size_t at = 0; at < LEN; at += PIECE) {
		if (write(scene->far, bytes + at, LEN - at < PIECE ? LEN - at : PIECE) < 0)
			break;
		t_sleep_ms(8);
	}
	MUST(close(scene->far) == 0);
	return NULL;
}

static void refuse(enum refusal refusal)
{
	if (refusal == BY_LIMIT) {
		MUST(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 0, 0 }) == 0);
		return;
	}
	t_refuse(SYS_ppoll, EPERM);
#ifdef SYS_poll
	t_refuse(SYS_poll, EPERM);
#endif
}

static void story(void *argument)
{
	struct scene *scene = argument;
	static struct t_fan fan;
	int in[2];
	pthread_t writer;
	int64_t moved;

	t_scene("%s from a %s to a %s, avoid %s, refusal %d", t_engine_name(scene->engine), t_from_name(scene->from),
		t_out_name(scene->to), t_via_words(scene->avoid), scene->refusal);
	t_stream(scene->from == T_FROM_PIPE ? T_A_PIPE : scene->from == T_FROM_UNIX ? T_A_UNIX : T_A_TCP, in);
	scene->far = in[1];
	/* One that pauses after each read. */
	t_fan_add(&fan, scene->to, 0, 1000);
	writer = t_thread(writes_with_pauses, scene);
	refuse(scene->refusal);
	errno = 123;
	moved = t_engine(scene->engine, in[0], NULL, fan.fds[0], ZS_TO_END,
			 &(struct zs_options){ .avoid = scene->avoid }, &fan.results[0]);
	if (!T_EQ(moved, LEN) | !OK(errno == 123))
		fprintf(stderr, "... bytes %llu, in flight %llu, side %s\n", (unsigned long long)fan.results[0].bytes,
			(unsigned long long)fan.results[0].in_flight, t_side_word(fan.results[0].side));
	MUST(close(in[0]) == 0);
	t_join(writer);
	OK(t_fan_whole(&fan, LEN));
}

int main(void)
{
	static const enum t_out outs[] = { T_TO_PIPE, T_TO_TCP, T_TO_FILE };

	for (int i = 0; i < 2 * 3 * 3 * REFUSALS; i++) {
		struct scene scene = { .engine = i % 2 ? T_BY_FANOUT : T_BY_COPY, .from = T_FROM_PIPE + i / 2 % 3,
				       .to = outs[i / 6 % 3], .refusal = i / 18 };

		T_CHILD(story, &scene);
		scene.avoid = ZS_VIA_SPLICE | ZS_VIA_TEE;
		T_CHILD(story, &scene);
	}
	return t_done();
}
