/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An unknown flag bit is EINVAL before anything is moved, even with length 0, and even if the descriptors are
 * not valid either. Known bits are not refused. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int file, out, in[2], into[2], copy[2];

static int64_t full(int which, int good, uint64_t len, unsigned int flags, struct zs_result *result)
{
	switch (which) {
	case 0: return zs_splice_full(good ? file : -1, NULL, into[1], NULL, len, flags, result);
	case 1: return zs_copy_range_full(good ? file : -1, NULL, out, NULL, len, flags, result);
	case 2: return zs_sendfile_full(out, good ? file : -1, NULL, len, flags, result);
	default: return zs_tee_full(good ? in[0] : -1, copy[1], into[1], len, flags, result);
	}
}

int main(void)
{
	static const unsigned int known[] = { 0xf, 0, SPLICE_F_NONBLOCK, 0xf };

	file = t_file(10);
	out = t_file(0);
	MUST(pipe(in) == 0 && pipe(into) == 0 && pipe(copy) == 0 && write(in[1], "four", 4) == 4);
	for (int which = 0; which < 4; which++) {
		for (int bit = 0; bit < 32; bit++) {
			unsigned int flag = 1u << bit;

			if (flag & known[which]) {
				T_EQ(full(which, 1, 0, flag, NULL), 0);
				continue;
			}
			for (int i = 0; i < 6; i++) {
				struct zs_result result = t_unwritten();
				uint64_t lens[] = { 0, 4, ZS_TO_END };

				T_EQ(full(which, i & 1, lens[i / 2], flag | (i & 1 ? known[which] : 0),
				     &result), -1);
				T_EQ(errno, EINVAL);
				OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EINVAL));
			}
			T_EQ(full(which, 1, 4, flag, NULL), -1);
			T_EQ(errno, EINVAL);
		}
	}
	OK(lseek(file, 0, SEEK_CUR) == 0 && lseek(out, 0, SEEK_END) == 0 && t_bytes_available(in[0]) == 4);
	if (T_EQ(t_bytes_available(into[0]), 0))
		T_EQ(t_bytes_available(copy[0]), 0);
	return t_done();
}
