// SPDX-License-Identifier: MIT OR Apache-2.0
/* An input that is not open for reading, or an output that is not open for writing, is EBADF before anything is
 * changed: no hole of such an input is punched into the output, and a file that is all a hole is no exception. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (1 << 20)

/* A sparse file, and an output full of data. */
static void scene(int data_at_end, int *in, int *out)
{
	*in = t_file(0);
	*out = t_file(0);
	MUST(ftruncate(*in, LEN) == 0);
	if (data_at_end)
		t_put_pattern(*in, LEN - 4096, 4096, 0);
	t_put_pattern(*out, 0, LEN, 5);
}

static void refused(int in, int out, int file, uint64_t len)
{
	struct zs_result result;

	OK(zs_copy(in, NULL, out, NULL, len, NULL, &result) == -1 && errno == EBADF);
	OK(result.bytes == 0 && result.holes == 0 && result.error == EBADF);
	OK(t_size(file) == LEN && t_has_pattern(file, 0, LEN, 5));
}

int main(void)
{
	for (int data_at_end = 0; data_at_end < 2; data_at_end++) {
		static const uint64_t lens[] = { ZS_TO_END, LEN, 1000 };

		for (int i = 0; i < 3; i++) {
			int in, out, only_written, only_read;

			scene(data_at_end, &in, &out);
			only_written = t_reopen(in, O_WRONLY);
			only_read = t_reopen(out, O_RDONLY);
			refused(only_written, out, out, lens[i]);
			refused(in, only_read, out, lens[i]);
			MUST(close(in) == 0 && close(out) == 0 && close(only_written) == 0 && close(only_read) == 0);
		}
	}
	return t_done();
}
