/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An offset for a descriptor that cannot seek is ESPIPE, and a negative offset is EINVAL, even with a length of
 * 0. Nothing moves. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int file, out_file;

static void refused(int in, int64_t *off_in, int out, int64_t *off_out, int error)
{
	static const uint64_t lens[] = { 0, 10, ZS_TO_END };
	int64_t in_before = off_in ? *off_in : 0, out_before = off_out ? *off_out : 0;

	for (int i = 0; i < 3; i++) {
		struct zs_result result = t_unwritten();

		if (!OK(zs_copy(in, off_in, out, off_out, lens[i], NULL, &result) == -1 && errno == error))
			fprintf(stderr, "... wanted %s, len %llu\n", t_errno_name(error),
				(unsigned long long)lens[i]);
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = error));
		OK((!off_in || *off_in == in_before) && (!off_out || *off_out == out_before));
		OK(t_position(file) == 0 && t_position(out_file) == 0 && t_size(out_file) == 0);
	}
}

int main(void)
{
	int64_t zero = 0, five = 5, minus = -1, least = INT64_MIN;

	file = t_file(100);
	out_file = t_file(0);
	for (int kind = 0; kind < T_STREAMS; kind++) {
		int fds[2];

		t_stream((enum t_stream)kind, fds);
		MUST(write(fds[1], "ten bytes.", 10) == 10);
		MUST(poll(&(struct pollfd){ .fd = fds[0], .events = POLLIN }, 1, -1) == 1);
		refused(fds[0], &zero, out_file, NULL, ESPIPE);
		refused(fds[0], &five, out_file, &zero, ESPIPE);
		refused(file, NULL, fds[1], &zero, ESPIPE);
		refused(file, &zero, fds[1], &five, ESPIPE);
		T_EQ(t_bytes_available(fds[0]), 10);
		t_close2(fds);
	}
	refused(file, &minus, out_file, NULL, EINVAL);
	refused(file, &least, out_file, NULL, EINVAL);
	refused(file, NULL, out_file, &minus, EINVAL);
	refused(file, &zero, out_file, &least, EINVAL);
	return t_done();
}
