/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sandbox denies each mechanism, with EPERM or ENOSYS, one by one and all together, and also the auxiliary
 * calls: a copy succeeds by what is left, and errno stays as it was. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define ALL (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE | ZS_VIA_SPLICE | ZS_VIA_TEE)

struct sandbox {
	enum t_place from, to;
	uint32_t via;
	int error;
	long call; /* -1: no other */
};

static void lives(void *argument)
{
	struct sandbox *it = argument;
	struct t_pair *pair = t_pair(it->from, it->to);
	struct zs_result result;

	t_deny_via(it->via, T_FAILS(it->error));
	if (it->call >= 0)
		t_deny(it->call, T_FAILS(it->error));
	errno = 123;
	if (!T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN) |
	    !OK(errno == 123 && result.error == 0 && (result.via & it->via) == 0))
		fprintf(stderr, "... from %s to %s without %#x and call %ld, errno %s\n",
			t_place_name(it->from), t_place_name(it->to), it->via, it->call, t_errno_name(errno));
	OK(t_pair_whole(pair));
}

int main(void)
{
	static const uint32_t vias[] = { ZS_VIA_CLONE, ZS_VIA_COPY_RANGE, ZS_VIA_SENDFILE, ZS_VIA_SPLICE,
					 ZS_VIA_TEE, ALL };
	static const long calls[] = { -1, SYS_fallocate, SYS_pipe2 };

	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++)
			for (int error = 0; error < 2; error++) {
				for (int via = 0; via < 6; via++)
					T_CHILD(lives, (&(struct sandbox){ (enum t_place)from, (enum t_place)to,
						vias[via], error ? EPERM : ENOSYS, -1 }));
				for (size_t call = 1; call < sizeof calls / sizeof *calls; call++)
					T_CHILD(lives, (&(struct sandbox){ (enum t_place)from, (enum t_place)to,
						ALL, error ? EPERM : ENOSYS, calls[call] }));
			}
	return t_done();
}
