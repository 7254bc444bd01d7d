/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals shorten a copy at most: what the counts say is there, and there is no error. */
#include <zsplice.h>
#include "t.h"

#define LEN (4 << 20)

int main(void)
{
	int from = t_file(LEN), to = t_file(0);
	static unsigned char bytes[LEN];
	int64_t in = 0, out = 0;
	ssize_t n;

	t_signal_storm(200);
	for (int64_t until = t_now_ms() + 100; t_now_ms() < until; in = out = 0) {
		MUST(ftruncate(to, 0) == 0);
		do {
			errno = ENOTTY;
			n = zs_copy_range_retry(from, &in, to, &out, SIZE_MAX, 0);
			if (!OK(n >= 0 && errno == ENOTTY))
				return t_done();
		} while (n > 0);
		T_EQ(in, LEN);
		T_EQ(out, LEN);
	}
	t_signal_storm(0);
	OK(t_signals >= 3);
	if (T_EQ(pread(to, bytes, LEN, 0), LEN))
		OK(t_is_pattern(bytes, LEN, 0));
	return t_done();
}
