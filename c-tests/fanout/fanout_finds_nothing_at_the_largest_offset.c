/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Beyond the end of a file there is nothing to fan out, up to the largest offset: the call returns 0, as
 * zs_copy does, whichever error the kernel has for such offsets. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

int main(void)
{
	static const int64_t offsets[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX - 10, INT64_MAX - 70000, 300000 };
	static const uint64_t lens[] = { ZS_TO_END, 10, 1 << 20, INT64_MAX };
	static const uint32_t avoids[] = { 0, ZS_VIA_TEE, ZS_VIA_READ_WRITE };
	static struct t_fan fan;
	int in = t_file(300000);

	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	for (size_t count = 1; count <= 2; count++)
		for (int i = 0; i < 5 * 4 * 3; i++) {
			int64_t off = offsets[i / 3 % 5];
			struct zs_options options = { .avoid = avoids[i % 3] };

			errno = 123;
			if (!T_EQ(zs_fanout(in, &off, fan.fds, count, lens[i / 15], &options, fan.results), 0) |
			    !OK(errno == 123 && off == offsets[i / 3 % 5]))
				fprintf(stderr, "... %zu outputs, offset %lld, len %llu, avoid %s: errno %s\n",
					count, (long long)offsets[i / 3 % 5], (unsigned long long)lens[i / 15],
					t_via_words(avoids[i % 3]), t_errno_name(errno));
			OK(T_IS(fan.results[0], .bytes = 0) && (count == 1 || T_IS(fan.results[1], .index = 1, .bytes = 0)));
		}
	OK(t_fan_whole(&fan, 0));
	return t_done();
}
