// SPDX-License-Identifier: MIT OR Apache-2.0
/* Looking for holes moves the file position of the input, since nothing is opened. With an offset given it is
 * back where it was when zs_copy returns, whether the copy succeeds, is cancelled or fails. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define MIB (1 << 20)
#define LEN (8 * MIB)
#define HERE 1234

static int cancels(void *context, const struct zs_result *so_far)
{
	(void)context;
	return so_far->bytes > 3 * MIB;
}

int main(void)
{
	struct zs_result result;
	struct rlimit limit;
	int in = t_file(0), out = t_file(0);
	int64_t off_in = 0, off_out = 0;

	MUST(ftruncate(in, LEN) == 0);
	for (int64_t at = 0; at < LEN; at += MIB)
		t_put_pattern(in, at + 4096, 8192, (uint64_t)at);
	MUST(lseek(in, HERE, SEEK_SET) == HERE && lseek(out, HERE, SEEK_SET) == HERE);

	OK(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, NULL, &result) == LEN);
	OK(off_in == LEN && off_out == LEN && t_same_bytes(in, out));
	OK(result.holes >= LEN - 8 * 16384 && result.holes < LEN);
	OK(t_position(in) == HERE && t_position(out) == HERE);

	off_in = off_out = 0;
	OK(T_COPY(in, &off_in, out, &off_out, ZS_TO_END, &result, .progress = cancels) == -1);
	OK(errno == ECANCELED && off_in == (int64_t)result.bytes && result.bytes < LEN);
	OK(t_position(in) == HERE && t_position(out) == HERE);

	MUST(getrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit.rlim_cur = 2 * MIB;
	MUST(ftruncate(out, 0) == 0 && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	off_in = off_out = 0;
	OK(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, NULL, &result) == -1 && errno == EFBIG);
	OK(off_in == (int64_t)result.bytes && off_out == t_size(out));
	OK(t_position(in) == HERE && t_position(out) == HERE);
	return t_done();
}
