/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* However late it is, what is ready by then moves before a limit of time ends a transfer, and to every output that can
 * take it: a nanosecond has passed before the first step, as it has where the process is stopped anywhere between two.
 * What is complete with that is no failure. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"

#define LEN 1000

enum { OUTPUTS = 3 };

/* An end of such a place; *far is what to read from, for an output, and what to keep open. */
static int place(enum t_place kind, int writes, int nonblock, int *far)
{
	int here;

	t_pair_place(kind, writes, &here, far);
	if (kind == T_AT_FILE && !writes)
		MUST(ftruncate(here, LEN) == 0);
	else if (!writes)
		t_write_pattern(*far, LEN);
	t_nonblock(here, nonblock);
	return here;
}

static void arrived(enum t_place kind, int here, int far)
{
	OK(kind == T_AT_FILE ? t_size(here) == LEN && t_has_pattern(here, 0, LEN, 0)
			     : t_bytes_available(far) == LEN && t_gives_pattern(far, LEN, 0));
}

static int closed(int here, int far)
{
	return close(here) == 0 && (far < 0 || close(far) == 0);
}

static void one(enum t_engine engine, enum t_place from, enum t_place to, int nonblock, uint64_t len)
{
	struct zs_options options = { .timeout_ns = 1, .flags = ZS_NOSIGPIPE };
	struct zs_result result = t_unwritten();
	int far_in, far_out, in = place(from, 0, nonblock, &far_in), out = place(to, 1, nonblock, &far_out);
	int64_t returned;

	t_scene("%s from %s to %s, nonblock %d, %s", t_engine_name(engine), t_place_name(from), t_place_name(to),
		nonblock, len == LEN ? "a length" : "to the end");
	returned = t_engine(engine, in, NULL, out, len, &options, &result);
	T_EQ(result.bytes, LEN);
	T_EQ(result.in_flight, 0);
	if (len == LEN)
		T_EQ(returned, LEN);
	else
		OK(returned == LEN || (returned == -1 && errno == ETIMEDOUT && result.side == ZS_SIDE_CALL));
	arrived(to, out, far_out);
	MUST(closed(in, far_in) && closed(out, far_out));
}

static void many(enum t_place from, enum t_place to, int nonblock)
{
	struct zs_options options = { .timeout_ns = 1 };
	struct zs_result results[OUTPUTS];
	int far_in, far[OUTPUTS], in = place(from, 0, nonblock, &far_in), outs[OUTPUTS];

	t_scene("from %s to %d of %s, nonblock %d", t_place_name(from), (int)OUTPUTS, t_place_name(to), nonblock);
	for (int i = 0; i < OUTPUTS; i++)
		outs[i] = place(to, 1, nonblock, &far[i]);
	T_EQ(zs_fanout(in, NULL, outs, OUTPUTS, LEN, &options, results), LEN);
	for (int i = 0; i < OUTPUTS; i++) {
		T_EQ(results[i].bytes, LEN);
		T_EQ(results[i].in_flight, 0);
		arrived(to, outs[i], far[i]);
		MUST(closed(outs[i], far[i]));
	}
	MUST(closed(in, far_in));
}

int main(void)
{
	for (int i = 0; i < T_PLACES * T_PLACES * 2; i++) {
		enum t_place from = i / 2 % T_PLACES, to = i / 2 / T_PLACES;

		for (int engine = 0; engine < T_ENGINES; engine++) {
			/* A relay has no limits of time, a bridge no length. */
			if (engine == T_BY_RELAY)
				continue;
			if (engine != T_BY_BRIDGE)
				one(engine, from, to, i % 2, LEN);
			one(engine, from, to, i % 2, ZS_TO_END);
		}
		many(from, to, i % 2);
	}
	return t_done();
}
