/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where read and write are avoided, and splice(2) is avoided, refused, or of no use, a bridge ends with EOPNOTSUPP once
 * there is something to move, and leaves it in the input. Ends, resets and time limits are what they are elsewhere. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

enum has { HAS_NOTHING, HAS_ENDED, HAS_BYTES, HAS_RESET, HAS };

struct scene { uint32_t avoid; int refuses; enum t_side_kind from, to; };

static void moves(const struct scene *scene, enum has has, int nonblock)
{
	const int error[] = { [HAS_NOTHING] = ETIMEDOUT, [HAS_ENDED] = 0, [HAS_BYTES] = EOPNOTSUPP, [HAS_RESET] = ECONNRESET };
	struct zs_result results[2];
	struct t_side a, b;

	t_scene("avoiding %s, splice(2) %s, kinds %s and %s, input %d, nonblock %d", t_via_words(scene->avoid),
		scene->refuses ? t_errno_name(scene->refuses) : "works", t_side_kind_name(scene->from),
		t_side_kind_name(scene->to), has, nonblock);
	if (has == HAS_RESET && scene->from != T_BY_TCP)
		return;
	t_side(&a, scene->from, nonblock, 0, 0);
	t_side(&b, scene->to, nonblock, 0, 0);
	if (has == HAS_BYTES)
		t_write(a.far_out, "some", 4);
	if (has == HAS_RESET) {
		t_reset(a.far_in);
		MUST(poll(&(struct pollfd){ .fd = a.in, .events = POLLRDHUP }, 1, 5000) == 1);
	} else if (has == HAS_ENDED && a.kind == T_BY_PIPES) {
		MUST(close(a.far_out) == 0);
	} else if (has == HAS_ENDED) {
		MUST(shutdown(a.far_out, SHUT_WR) == 0);
	}
	/* The way back has ended. */
	if (b.kind == T_BY_PIPES)
		MUST(close(b.far_out) == 0);
	else
		MUST(shutdown(b.far_out, SHUT_WR) == 0);
	errno = 0;
	T_EQ(T_BRIDGE(&a, &b, results, .avoid = scene->avoid, .timeout_ns = T_MS(has == HAS_NOTHING ? 60 : 10000),
	     .flags = ZS_NOSIGPIPE), error[has] ? -1 : 0);
	T_EQ(errno, error[has]);
	T_EQ(results[0].error, error[has]);
	T_EQ(results[0].side, has == HAS_RESET ? ZS_SIDE_IN : has == HAS_ENDED ? 0 : ZS_SIDE_CALL);
	T_EQ(results[0].bytes, 0);
	T_EQ(results[0].in_flight, 0);
	T_EQ(results[0].via, 0);
	if (has == HAS_BYTES)
		T_EQ(t_bytes_available(a.in), 4);
	for (int i = 0; i < 8; i++) {
		const struct t_side *side = i < 4 ? &a : &b;
		const int fds[] = { side->in, side->out, side->far_in, side->far_out };

		if (fcntl(fds[i % 4], F_GETFD) >= 0)
			MUST(close(fds[i % 4]) == 0);
	}
}

static void played(void *argument)
{
	const struct scene *scene = argument;

	if (scene->refuses)
		t_refuse(SYS_splice, scene->refuses);
	for (int has = 0; has < HAS; has++)
		for (int nonblock = 0; nonblock < 2; nonblock++)
			moves(scene, (enum has)has, nonblock);
}

int main(void)
{
	struct scene scene;

	for (int how = 0; how < 4; how++)
		for (int kinds = 0; kinds < 9; kinds++) {
			scene.avoid = ZS_VIA_READ_WRITE | (how == 0 ? ZS_VIA_SPLICE : 0);
			scene.refuses = (int[]){ 0, EPERM, ENOSYS, EINVAL }[how];
			scene.from = (enum t_side_kind)(kinds / 3);
			scene.to = (enum t_side_kind)(kinds % 3);
			T_CHILD(played, &scene);
		}
	return t_done();
}
