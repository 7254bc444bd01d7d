/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge that succeeds, times out, is reset or loses a reader never changes the flags of its four
 * descriptors, which others may share, and leaves no descriptor open. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN 300000

enum { GOES_WELL, TIMES_OUT, IS_RESET, HAS_NO_READER, CASES };

struct flags {
	int fds[4], of_file[4], own[4];
};

static struct flags before;
static int looked;

static struct flags flags_of(const struct t_side *a, const struct t_side *b)
{
	struct flags it = { .fds = { a->in, a->out, b->in, b->out } };

	for (int i = 0; i < 4; i++) {
		it.of_file[i] = fcntl(it.fds[i], F_GETFL);
		it.own[i] = fcntl(it.fds[i], F_GETFD);
	}
	return it;
}

static int look(void *context, const struct zs_result *so_far)
{
	struct t_side **sides = context;
	struct flags now = flags_of(sides[0], sides[1]);

	(void)so_far;
	T_EQ(memcmp(&before, &now, sizeof now), 0);
	looked++;
	return 0;
}

static void kept(enum t_side_kind from, enum t_side_kind to, int nonblock, int what, uint32_t flags)
{
	struct zs_options options = { .flags = flags | ZS_NOSIGPIPE, .progress = look };
	struct zs_result results[2];
	struct t_side a, b, *sides[] = { &a, &b };
	int open, returned, error, gives = what == GOES_WELL;
	struct flags now;

	t_scene("%s and %d nonblock %d what %d", t_side_kind_name(from), to, nonblock, what);
	t_side(&a, from, nonblock & 1, gives ? LEN : 0, 0);
	t_side(&b, to, nonblock >> 1, gives ? LEN : 0, 0);
	options.context = sides;
	before = flags_of(&a, &b);
	if (gives) {
		t_side_start(&a);
		t_side_start(&b);
	} else {
		t_write(a.far_out, "some", 4);
	}
	if (what == TIMES_OUT)
		options.timeout_ns = T_MS(5);
	if (what == IS_RESET)
		t_reset(a.far_in);
	if (what == HAS_NO_READER) {
		MUST(close(b.far_in) == 0);
		MUST(b.far_out == b.far_in || close(b.far_out) == 0); /* the other direction ends */
	}
	looked = 0;
	open = t_open_descriptors();
	returned = zs_bridge(a.in, a.out, b.in, b.out, &options, results);
	error = errno;
	/* Those who write into pipes close them. */
	OK(gives ? t_open_descriptors() <= open : t_open_descriptors() == open);
	now = flags_of(&a, &b);
	T_EQ(memcmp(&before, &now, sizeof now), 0);
	if (T_EQ(returned, (gives ? 0 : -1)))
		OK((what != TIMES_OUT || error == ETIMEDOUT));
	OK(looked > 0 || what == HAS_NO_READER || what == IS_RESET);
	if (gives) {
		if (T_EQ(t_side_got(&a), LEN))
			T_EQ(t_side_got(&b), LEN);
		return;
	}
	for (int i = 0; i < 2; i++) {
		MUST(close(sides[i]->in) == 0 && (sides[i]->out == sides[i]->in || close(sides[i]->out) == 0));
		MUST((i == 0 ? what == IS_RESET : what == HAS_NO_READER) || close(sides[i]->far_in) == 0);
		MUST(sides[i]->far_out == sides[i]->far_in || (i == 1 && what == HAS_NO_READER) ||
		     close(sides[i]->far_out) == 0);
	}
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		uint32_t flags = i & 1 ? ZS_STABLE : i & 2 ? ZS_GROW_PIPE : 0;

		for (int from = 0; from < T_BY_FILES; from++)
			for (int to = 0; to < T_BY_FILES; to++) {
				kept((enum t_side_kind)from, (enum t_side_kind)to, i, GOES_WELL, flags);
				kept((enum t_side_kind)from, (enum t_side_kind)to, i, TIMES_OUT, flags);
				if (from == T_BY_TCP)
					kept(T_BY_TCP, (enum t_side_kind)to, i, IS_RESET, flags);
				if (to != T_BY_TCP)
					kept((enum t_side_kind)from, (enum t_side_kind)to, i, HAS_NO_READER, flags);
			}
	}
	return t_done();
}
