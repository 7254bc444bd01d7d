/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A file whose holes and length change during the copy is copied as it is found, or ends the copy. The copy
 * never loops, and the output is as long as the result says. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN (8 << 20)

static int in, over;

static void *change(void *argument)
{
	uint64_t chance = 88172645463325252u;
	static char bytes[65536];

	memset(bytes, 'x', sizeof bytes);
	while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
		int64_t at;

		chance ^= chance << 13;
		chance ^= chance >> 7;
		chance ^= chance << 17;
		at = (int64_t)(chance % LEN) & ~4095;
		switch (chance >> 60) {
		case 0:
			MUST(ftruncate(in, at) == 0 && ftruncate(in, LEN) == 0);
			break;
		case 1: case 2: case 3: case 4: case 5: case 6: case 7:
			MUST(fallocate(in, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, 65536) == 0);
			break;
		default:
			MUST(pwrite(in, bytes, sizeof bytes, at) == sizeof bytes);
			break;
		}
	}
	return argument;
}

int main(void)
{
	pthread_t thread;
	int64_t until = t_now_ms() + 600;

	in = t_file(0);
	MUST(ftruncate(in, LEN) == 0);
	thread = t_thread(change, NULL);
	for (int i = 0; t_now_ms() < until; i++) {
		static const uint32_t flags[] = { 0, ZS_NO_CLONE, ZS_FILL_HOLES };
		struct zs_result result;
		int out = t_file(0);
		int64_t off_in = 0, off_out = 0, moved;

		moved = T_COPY(in, &off_in, out, i & 1 ? &off_out : NULL, i & 2 ? LEN : ZS_TO_END, &result,
			       .flags = flags[i % 3], .avoid = i & 4 ? ZS_VIA_COPY_RANGE : 0);
		OK(moved >= 0);
		T_EQ(result.bytes, (uint64_t)moved);
		T_EQ(off_in, moved);
		OK(moved <= LEN + 65536 && t_size(out) == moved && result.in_flight == 0);
		OK(result.holes <= result.bytes);
		for (int64_t at = 0; at < moved; at += 4096) {
			char byte;

			MUST(pread(out, &byte, 1, at) == 1);
			OK(byte == 'x' || byte == 0);
		}
		MUST(close(out) == 0);
	}
	__atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
	t_join(thread);
	return t_done();
}
