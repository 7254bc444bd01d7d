/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With a limit, a cancel descriptor or a callback no step moves more than 16 MiB, holes included, so that they
 * are noticed in the middle of a hole. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((int64_t)1 << 30)
#define STEP (16 << 20)

static uint64_t last, longest, enough;

static int told(void *context, const struct zs_result *so_far)
{
	(void)context;
	longest = so_far->bytes - last > longest ? so_far->bytes - last : longest;
	last = so_far->bytes;
	return last >= enough;
}

int main(void)
{
	struct zs_result result;
	int in = t_file(T_PAGE), out = t_file(0);

	MUST(ftruncate(in, LEN) == 0);
	enough = UINT64_MAX;
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .progress = told), LEN);
	T_EQ(last, (uint64_t)LEN);
	OK(longest <= STEP && result.holes > (uint64_t)LEN / 2);
	if (T_EQ(t_size(out), LEN))
		OK(t_has_pattern(out, 0, T_PAGE, 0));

	MUST(ftruncate(out, 0) == 0 && lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0);
	last = longest = 0;
	enough = 100 << 20;
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .progress = told), -1);
	T_EQ(errno, ECANCELED);
	OK(result.bytes >= enough && result.bytes <= enough + STEP);
	if (T_EQ(t_position(in), (int64_t)result.bytes))
		T_EQ(t_size(out), (int64_t)result.bytes);
	return t_done();
}
