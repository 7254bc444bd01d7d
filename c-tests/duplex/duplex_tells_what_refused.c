/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Each direction of a duplex tells whether splice(2) refused, and why; the index of its result is the direction. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define LEN 100000

static void is(const struct zs_result *result, uint32_t index, uint64_t bytes, uint32_t refused, int refusal)
{
	T_EQ(result->index, index);
	T_EQ(result->bytes, bytes);
	T_EQ(result->refused, refused);
	T_EQ(result->refusal, refusal);
}

/* `there` bytes are to go from a to b and `back` bytes from b to a; large pieces are worth a splice(2). */
static void moves(size_t there, size_t back, int error, unsigned int flags)
{
	static char bytes[LEN];
	struct zs_result results[2];
	int a[2], b[2];
	zs_duplex *duplex;

	t_scene("%zu bytes there, %zu back, splice: %s, flags %#x", there, back, t_errno_name(error), flags);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b) == 0);
	t_write(a[1], bytes, there);
	t_write(b[1], bytes, back);
	MUST((duplex = zs_duplex_new(a[0], b[0], NULL, flags)) != NULL);
	t_duplex_results(duplex, results);
	is(&results[0], 0, 0, 0, 0);
	is(&results[1], 1, 0, 0, 0);
	while (zs_duplex_run(duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0) == ZS_WANT_RUN)
		;
	t_duplex_results(duplex, results);
	error = flags & ZS_STABLE ? 0 : error;
	is(&results[0], 0, there, error && there == LEN ? ZS_VIA_SPLICE : 0, there == LEN ? error : 0);
	is(&results[1], 1, back, error && back == LEN ? ZS_VIA_SPLICE : 0, back == LEN ? error : 0);
	zs_duplex_free(duplex);
	t_close2(a);
	t_close2(b);
}

static void all(void *error)
{
	if (*(int *)error)
		t_deny(SYS_splice, T_FAILS(*(int *)error));
	moves(LEN, 10, *(int *)error, 0);
	moves(10, LEN, *(int *)error, 0);
	moves(LEN, LEN, *(int *)error, ZS_STABLE);
}

int main(void)
{
	struct zs_result results[2];
	int none = 0, denied = EPERM;

	all(&none);
	T_CHILD(all, &denied);

	t_scene("without a handle");
	zs_duplex_result(NULL, results);
	for (uint32_t i = 0; i < 2; i++)
		OK(T_IS(results[i], .error = EFAULT, .side = ZS_SIDE_CALL, .index = i));
	return t_done();
}
