/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Beyond the end of a file there is nothing to copy, up to the largest offset: the copy returns 0, whichever
 * mechanism is tried first, and whichever error the kernel has for such offsets. */
#include <sys/mman.h>
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

int main(void)
{
	static const int64_t offsets[] = { INT64_MAX, INT64_MAX - 1, INT64_MAX - 10, INT64_MAX - 70000, 3 };
	static const uint64_t lens[] = { ZS_TO_END, 10, 1 << 20, INT64_MAX };
	static const uint32_t avoids[] = { 0, ZS_VIA_CLONE, ZS_VIA_COPY_RANGE, ZS_VIA_SENDFILE, ZS_VIA_SPLICE,
					   T_ALL_VIA & ~ZS_VIA_READ_WRITE };
	int in = t_file(3);

	for (int to = T_AT_FILE; to < T_PLACES; to++)
		for (int i = 0; i < 5 * 4 * 6; i++) {
			uint32_t avoid = avoids[i % 6];
			struct zs_result result = t_unwritten();
			int64_t off = offsets[i / 6 % 5];
			int out[2] = { -1, -1 };

			if (to == T_AT_FILE)
				out[1] = t_file(0);
			else
				t_stream((enum t_stream)(to - 1), out);
			errno = 123;
			if (!T_EQ(T_COPY(in, &off, out[1], NULL, lens[i / 30], &result, .avoid = avoid), 0) |
			    !OK(errno == 123 && T_IS(result, .bytes = 0) && off == offsets[i / 6 % 5]))
				fprintf(stderr, "... to %s, offset %lld, len %llu, avoid %s\n",
					t_place_name(to), (long long)offsets[i / 6 % 5],
					(unsigned long long)lens[i / 30], t_via_words(avoid));
			OK(to == T_AT_FILE ? t_size(out[1]) == 0 : t_bytes_available(out[0]) == 0);
			MUST(close(out[1]) == 0 && (out[0] < 0 || close(out[0]) == 0));
		}
	/* Nothing is taken from a stream that would go beyond it. */
	for (int kind = T_A_PIPE; kind <= T_A_TCP; kind++) {
		struct zs_result result;
		int out = memfd_create("t", MFD_CLOEXEC), fds[2];
		int64_t off = INT64_MAX - 10;

		t_scene("from a %s", t_stream_name((enum t_stream)kind));
		t_stream((enum t_stream)kind, fds);
		MUST(out >= 0 && write(fds[1], "0123456789abcdefghij", 20) == 20);
		T_EQ(zs_copy(fds[0], NULL, out, &off, 20, NULL, &result), -1);
		T_EQ(result.bytes, 10);
		T_EQ(result.in_flight, 0);
		OK(result.side == ZS_SIDE_OUT && off == INT64_MAX);
		T_EQ(t_bytes_available(fds[0]), 10);
		/* An end is one all the same. */
		t_drain(fds[0], 10);
		MUST(close(fds[1]) == 0);
		T_EQ(zs_copy(fds[0], NULL, out, &off, 20, NULL, &result), 0);
		MUST(close(fds[0]) == 0 && close(out) == 0);
	}
	return t_done();
}
