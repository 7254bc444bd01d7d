/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A mechanism that is avoided is not even tried: here the kernel would kill the process for it. The others do
 * the copy. If none is left it is EOPNOTSUPP, and no byte has moved. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

struct wish {
	uint32_t avoid;
	enum t_place from, to;
};

static void obeyed(void *argument)
{
	struct wish *wish = argument;
	struct t_pair *pair = t_pair(wish->from, wish->to);
	struct zs_result result = t_unwritten();
	int64_t off_in = 0, off_out = 0;
	int64_t *in = wish->from == T_AT_FILE ? &off_in : NULL;

	t_deny_via(wish->avoid, T_KILLED);
	T_EQ(T_COPY(pair->in, in, pair->out, wish->to == T_AT_FILE ? &off_out : NULL, ZS_TO_END, &result, .avoid
	     = wish->avoid), T_PAIR_LEN);
	T_EQ(result.via & wish->avoid, 0);
	OK(result.via != 0);
	T_EQ(result.in_flight, 0);
	OK(result.copied == T_PAIR_LEN || wish->avoid != (T_ALL_VIA & ~ZS_VIA_READ_WRITE));
	OK(t_pair_whole(pair));
}

static void refused(enum t_place from, enum t_place to, uint32_t avoid)
{
	struct zs_result result = t_unwritten();
	struct t_pair *pair = t_pair(from, to);

	T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, &result, .avoid = avoid), -1);
	if (T_EQ(errno, EOPNOTSUPP))
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EOPNOTSUPP));
	/* All of the input is still there. */
	T_EQ(zs_copy(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, NULL), T_PAIR_LEN);
	OK(t_pair_whole(pair));
}

int main(void)
{
	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++) {
			for (int bit = 0; bit < 6; bit++) {
				struct wish wish = { 1u << bit, (enum t_place)from, (enum t_place)to };

				T_CHILD(obeyed, &wish);
			}
			T_CHILD(obeyed, (&(struct wish){ T_ALL_VIA & ~ZS_VIA_READ_WRITE,
							 (enum t_place)from, (enum t_place)to }));
			refused((enum t_place)from, (enum t_place)to, T_ALL_VIA);
			refused((enum t_place)from, (enum t_place)to, UINT32_MAX);
		}
	return t_done();
}
