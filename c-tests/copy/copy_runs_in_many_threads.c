/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies in many threads at once, between descriptors of all kinds, do not affect each other. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void *copies(void *argument)
{
	unsigned int seed = (unsigned int)(uintptr_t)argument;

	for (int i = 0; i < 10; i++) {
		struct t_pair *pair = t_pair((enum t_place)((seed + (unsigned)i) % T_PLACES),
					     (enum t_place)((seed / 4 + (unsigned)i * 3) % T_PLACES));
		struct zs_result result;

		errno = 100 + i;
		T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, &result, .flags = i % 3 == 1 ?
		     ZS_NOSIGPIPE : i % 3 == 2 ? ZS_NO_CLONE | ZS_STABLE : 0, .timeout_ns = i % 2 ? T_MS(60000)
		     : 0), T_PAIR_LEN);
		T_EQ(errno, 100 + i);
		T_EQ(result.bytes, T_PAIR_LEN);
		T_EQ(result.error, 0);
		OK(t_pair_whole(pair));
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[16];
	int before = t_open_descriptors();

	for (int i = 0; i < 16; i++)
		threads[i] = t_thread(copies, (void *)(uintptr_t)i);
	for (int i = 0; i < 16; i++)
		t_join(threads[i]);
	T_EQ(t_open_descriptors(), before);
	return t_done();
}
