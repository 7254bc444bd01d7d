/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where a sandbox refuses poll(2), or RLIMIT_NOFILE falls to 0 meanwhile, zs_copy and zs_fanout wait in the calls that
 * move bytes: a peer that pauses, on either side, keeps no byte back, and does not end the transfer. */
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

static void *writes_with_pauses(void *argument)
{
	const struct scene *scene = argument;
	static char bytes[LEN];

	t_pattern(bytes, LEN, 0);
	for (size_t at = 0; at < LEN; at += PIECE) {
		if (write(scene->far, bytes + at, LEN - at < PIECE ? LEN - at : PIECE) < 0)
			break;
		if (scene->refusal == BY_LIMIT)
			t_limit_descriptors(0);
		/* A thousand calls that do not wait take less. */
		t_sleep_ms(10 * t_slower());
	}
	MUST(close(scene->far) == 0);
	return NULL;
}

static int64_t transfer(const struct scene *scene, int in, struct t_fan *fan)
{
	if (scene->engine == T_BY_FANOUT)
		return T_FANOUT(in, NULL, fan, ZS_TO_END, .avoid = scene->avoid);
	return zs_copy(in, NULL, fan->fds[0], NULL, ZS_TO_END, &(struct zs_options){ .avoid = scene->avoid },
		       &fan->results[0]);
}

static void waits(void *argument)
{
	struct scene *scene = argument;
	static struct t_fan fan;
	int in[2];
	pthread_t writer;

	t_scene("%s from a %s to a %s, avoid %s, %s", t_engine_name(scene->engine), t_from_name(scene->from),
		t_out_name(scene->to), t_via_words(scene->avoid), scene->refusal == BY_LIMIT ? "RLIMIT_NOFILE" : "sandbox");
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_stream(t_from_stream(scene->from), in);
	scene->far = in[1];
	/* They pause after each read. */
	t_fan_add(&fan, scene->to, 0, 1000);
	if (scene->engine == T_BY_FANOUT)
		t_fan_add(&fan, T_TO_UNIX, 0, 500);
	writer = t_thread(writes_with_pauses, scene);
	if (scene->refusal == BY_SANDBOX)
		t_refuse_poll();
	errno = 123;
	T_EQ(transfer(scene, in[0], &fan), LEN);
	T_EQ(errno, 123);
	MUST(close(in[0]) == 0);
	t_join(writer);
	OK(t_fan_whole(&fan, LEN));
}

int main(void)
{
	static const enum t_out outs[] = { T_TO_PIPE, T_TO_TCP, T_TO_FILE };

	for (int i = 0; i < 2 * 3; i++) {
		struct scene scene = { .engine = i % 2 ? T_BY_FANOUT : T_BY_COPY, .from = T_FROM_PIPE + i / 2 };

		for (int j = 0; j < 3 * REFUSALS; j++) {
			scene.to = outs[j / REFUSALS];
			scene.refusal = j % REFUSALS;
			scene.avoid = 0;
			T_CHILD(waits, &scene);
			scene.avoid = ZS_VIA_SPLICE | ZS_VIA_TEE;
			T_CHILD(waits, &scene);
		}
	}
	return t_done();
}
