/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each direction of a bridge tells whether splice(2) refused, and why. The index of a result is the direction, also for
 * the progress function and for arguments that are wrong. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN 1000000

static uint64_t told[2];
static uint32_t told_refused[2];

/* The far ends write and read what is as much as the index says. */
static int tells(void *context, const struct zs_result *so_far)
{
	(void)context;
	if (!OK(so_far->index < 2))
		return 1;
	OK(so_far->bytes > told[so_far->index]);
	told[so_far->index] = so_far->bytes;
	told_refused[so_far->index] = so_far->refused;
	return 0;
}

/* `len` bytes from a to b, half as many back. */
static void bridges(struct t_side *a, struct t_side *b, size_t len, uint32_t avoid, struct zs_result results[2])
{
	memset(told, 0, sizeof told);
	memset(told_refused, 0, sizeof told_refused);
	results[0] = results[1] = t_unwritten();
	t_side_start(a);
	t_side_start(b);
	T_EQ(T_BRIDGE(a, b, results, .avoid = avoid, .progress = tells), 0);
	for (uint32_t i = 0; i < 2; i++) {
		T_EQ(results[i].index, i);
		T_EQ(told[i], results[i].bytes);
		T_EQ(told_refused[i], results[i].refused);
	}
	T_EQ(results[0].bytes, len);
	T_EQ(results[1].bytes, len / 2);
}

static void is(const struct zs_result *result, uint32_t refused, int refusal)
{
	T_EQ(result->refused, refused);
	T_EQ(result->refusal, refusal);
}

/* A file that appends is b's output. */
static void to_a_file_that_appends(uint32_t avoid)
{
	struct zs_result results[2];
	struct t_side a, b;

	t_scene("b appends, %s avoided", t_via_words(avoid));
	t_side(&a, T_BY_FILES, 0, LEN, 0);
	t_side(&b, T_BY_FILES, 0, LEN / 2, 0);
	MUST(fcntl(b.out, F_SETFL, O_APPEND) == 0);
	bridges(&a, &b, LEN, avoid, results);
	is(&results[0], avoid ? 0 : ZS_VIA_SPLICE, avoid ? 0 : EINVAL);
	is(&results[1], 0, 0);
	T_EQ(t_side_got(&a), LEN / 2);
	T_EQ(t_side_got(&b), LEN);
}

static void denied(void *argument)
{
	enum t_side_kind kind = *(enum t_side_kind *)argument;
	struct zs_result results[2];
	struct t_side a, b;

	t_scene("%s, splice is denied", t_side_kind_name(kind));
	t_side(&a, kind, 0, LEN, 0);
	t_side(&b, kind, 0, LEN / 2, 0);
	t_deny(SYS_splice, T_FAILS(EPERM));
	bridges(&a, &b, LEN, 0, results);
	/* Sockets may never give enough at once for splice to be tried. */
	for (int i = 0; i < 2; i++) {
		if (results[i].refused || kind == T_BY_PIPES || kind == T_BY_FILES)
			is(&results[i], ZS_VIA_SPLICE, EPERM);
		T_EQ(results[i].via, ZS_VIA_READ_WRITE);
	}
	T_EQ(t_side_got(&a), LEN / 2);
	T_EQ(t_side_got(&b), LEN);
}

static void nothing_refuses(enum t_side_kind kind)
{
	struct zs_result results[2];
	struct t_side a, b;

	t_scene("%s", t_side_kind_name(kind));
	t_side(&a, kind, 0, LEN, 0);
	t_side(&b, kind, 0, LEN / 2, 0);
	bridges(&a, &b, LEN, 0, results);
	is(&results[0], 0, 0);
	is(&results[1], 0, 0);
	T_EQ(t_side_got(&a), LEN / 2);
	T_EQ(t_side_got(&b), LEN);
}

int main(void)
{
	for (int kind = 0; kind < T_SIDES; kind++) {
		nothing_refuses((enum t_side_kind)kind);
		T_CHILD(denied, &kind);
	}
	to_a_file_that_appends(0);
	to_a_file_that_appends(ZS_VIA_SPLICE);
	return t_done();
}
