/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Another user of a blocking pipe empties or fills it after poll(2) has reported it ready: the copy does not
 * block in the kernel, and notices its timeout. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_competing_reader.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 200000

/* After which answer of poll(2) the competitor acts, since not each of them is followed by a read or a write. */
struct scene {
	int fills, patience;
};

static void story(void *argument)
{
	const struct scene *scene = argument;
	static int pipes[2];
	int fills = scene->fills, in, out;
	int64_t began;

	MUST(pipe(pipes) == 0);
	in = fills ? t_file(LEN) : pipes[0];
	out = fills ? pipes[1] : t_file(0);
	t_start_competitor(pipes, fills, scene->patience);
	began = t_now_ms();
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, NULL, .avoid = T_ALL_VIA & ~ZS_VIA_READ_WRITE,
	     .timeout_ns = T_MS(150)), -1);
	if (T_EQ(errno, ETIMEDOUT))
		OK(t_now_ms() - began < 1500 * t_slower());
}

int main(void)
{
	t_need_nowait_of_pipes();
	for (int fills = 0; fills < 2; fills++)
		for (int patience = 0; patience < 3; patience++)
			T_CHILD(story, (&(struct scene){ fills, patience }));
	return t_done();
}
