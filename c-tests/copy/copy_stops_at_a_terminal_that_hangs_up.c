/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal hangs up after the first piece of a file. The copy fails with EIO at once, also when the rest of the file
 * is already in its buffer: nothing more is written, which a pty master would take for nobody, or wait with. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 30000

static int far_end;

static int hangs_up(void *context, const struct zs_result *so_far)
{
	(void)context;
	(void)so_far;
	if (far_end >= 0)
		MUST(close(far_end) == 0);
	far_end = -1;
	return 0;
}

static void stops(int near, int far, uint32_t avoid)
{
	struct zs_result result;
	int in = t_file(LEN);

	far_end = far;
	T_EQ(T_COPY(in, NULL, near, NULL, ZS_TO_END, &result, .progress = hangs_up, .avoid = avoid), -1);
	T_EQ(errno, EIO);
	T_EQ(result.side, ZS_SIDE_OUT);
	OK(result.bytes > 0 && result.bytes <= 4096);
	T_EQ(result.in_flight, 0);
	T_EQ(t_position(in), (int64_t)result.bytes);
	MUST(close(near) == 0 && close(in) == 0);
}

int main(void)
{
	const uint32_t avoid[] = { 0, ZS_VIA_SENDFILE, ZS_VIA_SENDFILE | ZS_VIA_SPLICE, ZS_VIA_SENDFILE | ZS_VIA_READ_WRITE };

	for (size_t i = 0; i < sizeof avoid / sizeof *avoid; i++) {
		int pty[2];

		t_scene("avoiding %s", t_via_words(avoid[i]));
		t_pty(pty);
		stops(pty[0], pty[1], avoid[i]);
		t_pty(pty);
		stops(pty[1], pty[0], avoid[i]);
	}
	return t_done();
}
