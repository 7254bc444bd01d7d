/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sandbox that denies getsockopt(2), recv(2) or send(2), with EPERM or ENOSYS, does not keep a fan-out from sockets
 * or to them. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 300001

struct sandbox {
	enum t_from from;
	int nonblock;
	long call;
	int error;
	uint32_t avoid;
};

static void lives(void *argument)
{
	static struct t_fan fan;
	const struct sandbox *it = argument;
	struct t_source source;

	t_source(&source, it->from, it->nonblock, LEN);
	t_fan_add(&fan, T_TO_UNIX, it->nonblock, 0);
	t_fan_add(&fan, T_TO_TCP, it->nonblock, 0);
	t_fan_add(&fan, T_TO_PIPE, it->nonblock, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_deny(it->call, T_FAILS(it->error));
	errno = 123;
	if (!OK(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = it->avoid) == LEN && errno == 123))
		fprintf(stderr, "... from %s nonblock %d without call %ld, error %s, avoid %s: errno %s\n",
			t_from_name(it->from), it->nonblock, it->call, t_errno_name(it->error),
			t_via_words(it->avoid), t_errno_name(errno));
	OK(t_fan_whole(&fan, LEN));
}

int main(void)
{
	static const long calls[] = { SYS_getsockopt, SYS_recvfrom, SYS_sendto };

	for (int from = 0; from < T_FROMS; from++)
		for (int call = 0; call < 3; call++)
			for (int i = 0; i < 8; i++)
				T_CHILD(lives, (&(struct sandbox){ (enum t_from)from, i & 1, calls[call],
					i & 2 ? EPERM : ENOSYS, i & 4 ? ZS_VIA_TEE : 0 }));
	return t_done();
}
