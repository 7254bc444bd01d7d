/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* 64 outputs, of all kinds and of one kind; and more. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void sixty_four(enum t_from from, int only)
{
	static struct t_fan fan;
	const size_t len = 400000;
	struct t_source source;

	t_source(&source, from, 0, len);
	for (int i = 0; i < 64; i++)
		t_fan_add(&fan, only >= 0 ? (enum t_out)only : i % 8 == T_TO_PTY ? T_TO_PIPE : (enum t_out)(i % 8), i & 1, 0);
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), (int64_t)len);
	OK(t_fan_whole(&fan, len));
	t_source_end(&source);
}

/* An ordinary user has pipes enough for bulk to be shared among all of them. */
static void ordinary(void *argument)
{
	struct zs_result results[64];
	int fds[64], in = t_file(3000000);

	(void)argument;
	for (int i = 0; i < 64; i++)
		MUST((fds[i] = open("/dev/null", O_WRONLY)) >= 0);
	MUST(geteuid() != 0 || setuid(65533) == 0);
	T_EQ(zs_fanout(in, NULL, fds, 64, ZS_TO_END, NULL, results), 3000000);
	for (int i = 1; i < 64; i++)
		OK(results[i].bytes == 3000000 && results[i].via == (ZS_VIA_SPLICE | ZS_VIA_TEE));
}

/* For more outputs, pipes cost more than copies. */
static void many(void)
{
	struct zs_result results[65];
	int fds[65], in = t_file(3000000);

	for (int i = 0; i < 65; i++)
		MUST((fds[i] = open("/dev/null", O_WRONLY)) >= 0);
	T_EQ(zs_fanout(in, NULL, fds, 65, ZS_TO_END, NULL, results), 3000000);
	for (int i = 0; i < 65; i++) {
		OK(results[i].bytes == 3000000 && !(results[i].via & ZS_VIA_TEE));
		MUST(close(fds[i]) == 0);
	}
	MUST(close(in) == 0);
}

int main(void)
{
	T_CHILD(ordinary, NULL);
	many();
	sixty_four(T_FROM_FILE, -1);
	sixty_four(T_FROM_TCP, -1);
	sixty_four(T_FROM_PIPE, T_TO_PIPE);
	sixty_four(T_FROM_UNIX, T_TO_FILE);
	return t_done();
}
