/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices: /dev/null and /dev/zero take everything; /dev/full is ENOSPC, as from write(2), although splice(2)
 * fails with EINVAL there; /dev/zero and /dev/urandom supply as much as is asked for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int device(const char *name)
{
	int fd = open(name, O_RDWR);

	MUST(fd >= 0);
	return fd;
}

int main(void)
{
	int null = device("/dev/null"), zero = device("/dev/zero"), full = device("/dev/full");
	int random = open("/dev/urandom", O_RDONLY);
	static char bytes[2][100000];
	struct zs_result result;

	MUST(random >= 0);
	for (int from = 0; from < T_PLACES; from++) {
		struct t_pair *pair = t_pair((enum t_place)from, T_AT_FILE);

		/* A hundred bytes are discarded, and the rest is unchanged. */
		T_EQ(zs_copy(pair->in, NULL, null, NULL, 100, NULL, &result), 100);
		T_EQ(result.bytes, 100);
		T_EQ(zs_copy(pair->in, NULL, zero, NULL, 50000, NULL, &result), 50000);
		result = t_unwritten();
		T_EQ(zs_copy(pair->in, NULL, full, NULL, ZS_TO_END, NULL, &result), -1);
		T_EQ(errno, ENOSPC);
		T_EQ(result.error, ENOSPC);
		T_EQ(result.side, ZS_SIDE_OUT);
		T_EQ(result.bytes, 0);
		OK(result.in_flight == 0 || from != T_AT_FILE);
		OK(from != T_AT_FILE || t_position(pair->in) == 50100);
		OK(t_gives_pattern(pair->in, 1000, 50100 + result.in_flight));
		T_EQ(zs_copy(pair->in, NULL, null, NULL, ZS_TO_END, NULL, NULL), T_PAIR_LEN - 51100 -
		     (int64_t)result.in_flight);
		t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
		OK(t_pair_whole(pair));
	}
	for (int to = 0; to < T_PLACES; to++) {
		int out[2], in;

		if (to == T_AT_FILE) {
			out[0] = out[1] = t_file(0);
		} else {
			t_stream((enum t_stream)(to - 1), out);
			MUST(to != T_AT_PIPE || fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
		}
		for (int i = 0; i < 3; i++) {
			in = i == 0 ? zero : i == 1 ? full : random;
			T_EQ(zs_copy(in, NULL, out[1], NULL, 50000, NULL, &result), 50000);
			T_EQ(result.bytes, 50000);
			T_EQ(result.error, 0);
			if (to == T_AT_FILE)
				MUST(pread(out[0], bytes[0], 50000, i * 50000) == 50000);
			else
				MUST(t_read(out[0], bytes[0], 50000) == 50000);
			T_EQ(memcmp(bytes[0], bytes[1], 50000) == 0, i < 2);
		}
		T_EQ(zs_copy(null, NULL, out[1], NULL, ZS_TO_END, NULL, &result), 0);
		T_EQ(zs_copy(null, NULL, out[1], NULL, 5, NULL, &result), 0);
		T_EQ(result.error, 0);
		MUST(close(out[0]) == 0 && (out[0] == out[1] || close(out[1]) == 0));
	}
	T_EQ(zs_copy(zero, NULL, null, NULL, (uint64_t)5 << 20, NULL, &result), 5 << 20);
	T_EQ(zs_copy(zero, NULL, full, NULL, 5, NULL, &result), -1);
	T_EQ(errno, ENOSPC);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.bytes, 0);
	return t_done();
}
