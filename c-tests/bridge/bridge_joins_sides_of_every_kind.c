/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge joins sockets, pipes and files, blocking or not: every byte gets through in both directions, the end
 * of each is passed on to a socket, and errno is what it was. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

static void joined(enum t_side_kind from, enum t_side_kind to, int nonblock, size_t gives, size_t takes, uint32_t flags)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	struct t_side a, b;
	int a_flags, b_flags, good, before = t_open_descriptors();

	t_side(&a, from, nonblock & 1, gives, 0);
	t_side(&b, to, nonblock >> 1, takes, 0);
	a_flags = fcntl(a.in, F_GETFL);
	b_flags = fcntl(b.out, F_GETFL);
	t_side_start(&a);
	t_side_start(&b);
	errno = 123;
	good = T_EQ(T_BRIDGE(&a, &b, results, .flags = flags), 0) & T_EQ(errno, 123);
	good &= OK(fcntl(a.in, F_GETFL) == a_flags && fcntl(b.out, F_GETFL) == b_flags);
	good &= OK(results[0].bytes == gives && results[0].in_flight == 0 && results[0].error == 0);
	good &= OK(results[1].bytes == takes && results[1].in_flight == 0 && results[1].error == 0);
	good &= OK(results[0].side == 0 && results[1].side == 0 && (gives == 0) == (results[0].via == 0));
	if (flags & ZS_STABLE)
		good &= OK(results[0].copied == gives && results[1].copied == takes);
	good &= T_EQ(t_side_got(&a), takes) & T_EQ(t_side_got(&b), gives);
	good &= T_EQ(t_open_descriptors(), before);
	if (!good)
		fprintf(stderr, "... %s and %s, nonblock %d, %zu and %zu, flags %s\n", t_side_kind_name(from),
			t_side_kind_name(to), nonblock, gives, takes, t_flag_words(flags));
}

int main(void)
{
	static const size_t lens[] = { 0, 1, 40000, 1000001 };

	for (int from = 0; from < T_SIDES; from++)
		for (int to = 0; to < T_SIDES; to++)
			for (int i = 0; i < 4; i++)
				for (int j = 0; j < 4; j++) {
					joined((enum t_side_kind)from, (enum t_side_kind)to, (i + j) & 3, lens[i], lens[j], 0);
					if (i == j)
						joined((enum t_side_kind)from, (enum t_side_kind)to, i ^ 3, lens[i],
						       lens[j], i & 1 ? ZS_STABLE : ZS_GROW_PIPE);
				}
	return t_done();
}
