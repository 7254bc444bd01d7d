/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Unknown flags, flags of other functions, flags that contradict each other and negative times are
 * EINVAL before anything is moved, also where there is nothing to move. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define KNOWN (ZS_INTERRUPT | ZS_NOSIGPIPE | ZS_MORE | ZS_STABLE | ZS_CLONE | ZS_NO_CLONE | \
	       ZS_FILL_HOLES | ZS_CANCEL_FD | ZS_GROW_PIPE)

static int fds[3], in, out, file;

static void refused(struct zs_options options)
{
	static const uint64_t lens[] = { 0, 1, ZS_TO_END };

	for (int i = 0; i < 3; i++) {
		struct zs_result result = t_unwritten();
		int64_t off = 7;

		options.size = sizeof options;
		if (!OK(zs_copy(in, NULL, out, NULL, lens[i], &options, &result) == -1 && errno == EINVAL))
			fprintf(stderr, "... flags %s\n", t_flag_words(options.flags));
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EINVAL));
		T_EQ(zs_copy(file, &off, out, NULL, lens[i], &options, NULL), -1);
		T_EQ(errno, EINVAL);
		OK(off == 7 && t_bytes_available(in) == 4 && t_bytes_available(fds[2]) == 0);
	}
}

int main(void)
{
	int other[2];

	MUST(pipe(fds) == 0 && pipe(other) == 0 && write(fds[1], "four", 4) == 4);
	in = fds[0];
	out = other[1];
	fds[2] = other[0];
	file = t_file(100);

	for (int bit = 0; bit < 32; bit++)
		if (!(KNOWN & 1u << bit))
			refused((struct zs_options){ .flags = 1u << bit });
	refused((struct zs_options){ .flags = 0x0400 }); /* ZS_DROP_FAILED is for zs_fanout */
	refused((struct zs_options){ .flags = 0x1000 }); /* ZS_EITHER_END for zs_bridge */
	refused((struct zs_options){ .flags = ZS_CLONE | ZS_NO_CLONE });
	refused((struct zs_options){ .flags = ZS_CLONE | ZS_FILL_HOLES });
	refused((struct zs_options){ .timeout_ns = -1 });
	refused((struct zs_options){ .timeout_ns = INT64_MIN });
	refused((struct zs_options){ .idle_ns = -1 });
	refused((struct zs_options){ .half_idle_ns = -1 });
	refused((struct zs_options){ .timeout_ns = 1, .idle_ns = INT64_MIN });

	/* All that are left, each and together. */
	for (int bit = 0; bit < 32; bit++) {
		int file_out = t_file(0), able[2];
		uint32_t flag = 1u << bit;

		MUST(pipe(able) == 0);
		if (KNOWN & flag && flag != ZS_CLONE)
			T_EQ(T_COPY(file, &(int64_t){ 0 }, file_out, NULL, 100, NULL, .flags = flag, .cancel_fd
			     = able[0]), 100);
		t_close2(able);
		MUST(close(file_out) == 0);
	}
	return t_done();
}
