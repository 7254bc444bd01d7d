/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An unknown flag is EINVAL before anything else is checked, even with a length of 0, and even if the
 * descriptors are not valid either. */
#include <zsplice.h>
#include "t.h"

static int from[2], to[2], file, copy;

static int refuses(ssize_t returned)
{
	int refused = returned == -1 && errno == EINVAL;

	errno = 0;
	return refused;
}

/* `known`: whether splice and tee, and whether sendfile know the flags. */
static void play(unsigned int flags, int known, int known_to_sendfile)
{
	for (size_t len = 0; len < 2; len++) {
		if (!known) {
			OK(refuses(zs_splice_retry(from[0], NULL, to[1], NULL, len, flags)));
			OK(refuses(zs_splice_retry(-1, NULL, -1, NULL, len, flags)));
			OK(refuses(zs_tee_retry(from[0], to[1], len, flags)));
			OK(refuses(zs_tee_retry(-1, -1, len, flags)));
		}
		OK(refuses(zs_copy_range_retry(file, NULL, copy, NULL, len, flags)));
		OK(refuses(zs_copy_range_retry(-1, NULL, -1, NULL, len, flags)));
		if (!known_to_sendfile) {
			OK(refuses(zs_sendfile_retry(copy, file, NULL, len, flags)));
			OK(refuses(zs_sendfile_retry(-1, -1, NULL, len, flags)));
		}
	}
	if (known) {
		T_EQ(zs_splice_retry(from[0], NULL, to[1], NULL, 1, flags), 1);
		T_EQ(zs_tee_retry(from[0], to[1], 1, flags), 1);
		t_drain(to[0], 2);
	}
	if (known_to_sendfile)
		T_EQ(zs_sendfile_retry(copy, file, NULL, 1, flags), 1);
}

int main(void)
{
	MUST(pipe(from) == 0 && pipe(to) == 0 && write(from[1], "twelve bytes", 12) == 12);
	file = t_file(100);
	copy = t_file(0);
	for (int bit = 0; bit < 32; bit++)
		play(1u << bit, bit < 4, 1u << bit == SPLICE_F_NONBLOCK);
	play(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT, 1, 0);
	play(~0u, 0, 0);
	play(16 | SPLICE_F_NONBLOCK, 0, 0);
	/* Of five moved bytes each has left the input, and nothing else has. */
	if (T_EQ(t_bytes_available(from[0]), 7))
		T_EQ(t_bytes_available(to[0]), 0);
	if (T_EQ(lseek(file, 0, SEEK_CUR), 1))
		T_EQ(lseek(copy, 0, SEEK_END), 1);
	return t_done();
}
