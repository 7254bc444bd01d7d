/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file among the outputs can grow no more in the middle of a round (a full disk, RLIMIT_FSIZE). It holds
 * exactly what its result says, and so do the pipes beside it, which continue with ZS_DROP_FAILED. All of it by
 * splice(2) and tee(2) alone, with one pipe, and one more for a file that is not the first output. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_fanout.h"

#define LEN 2000001
#define ROOM (300 << 10)

struct fan_out {
	size_t where;
	int error;
	uint32_t flags;
};

static void story(void *argument)
{
	static struct t_fan fan;
	const struct fan_out *it = argument;
	struct rlimit limit = { ROOM, ROOM };
	struct t_source source;

	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	t_source(&source, T_FROM_FILE, 0, LEN);
	for (size_t i = 0; i < 3; i++)
		t_fan_add(&fan, i == it->where ? T_TO_FILE : T_TO_PIPE, (int)i & 1, i == 1 ? 500 : 0);
	if (it->error == ENOSPC) {
		MUST(close(fan.fds[it->where]) == 0);
		fan.fds[it->where] = t_new_in("full");
	}
	MUST(it->error != EFBIG || setrlimit(RLIMIT_FSIZE, &limit) == 0);
	t_limit_descriptors(it->where == 0 ? 4 : 6);
	errno = 0;
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .flags = it->flags, .avoid = ZS_VIA_READ_WRITE),
	     (it->flags ? LEN : -1));
	if (!T_EQ(errno, (it->flags ? 0 : it->error)))
		fprintf(stderr, "... where %zu error %s flags %s\n", it->where, t_errno_name(it->error),
			t_flag_words(it->flags));
	t_limit_descriptors(SIZE_MAX);
	for (size_t i = 0; i < 3; i++) {
		const struct zs_result *result = &fan.results[i];

		if (i == it->where)
			OK(result->error == it->error && result->side == ZS_SIDE_OUT && result->bytes == ROOM);
		else
			OK(result->error == 0 && result->side == 0 && (!it->flags || result->bytes == LEN));
		OK((it->flags && result->error) ||
		   (int64_t)(result->bytes + result->in_flight) == t_position(source.fd));
		if (T_EQ(result->copied, 0))
			T_EQ(t_fan_got(&fan, i), result->bytes);
	}
}

int main(void)
{
	t_own_mounts();
	if (!t_mount("full", "tmpfs", "size=300k"))
		t_skip("tmpfs cannot be mounted here");
	for (size_t where = 0; where < 3; where++)
		for (int i = 0; i < 4; i++)
			T_CHILD(story, (&(struct fan_out){ where, i & 1 ? ENOSPC : EFBIG, i & 2 ? ZS_DROP_FAILED : 0 }));
	return t_done();
}
