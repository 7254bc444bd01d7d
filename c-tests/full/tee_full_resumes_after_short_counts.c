/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A kernel that duplicates and moves fewer bytes than it could, at random: still not a byte is
 * duplicated or dropped, and at an error the count in flight is exact. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

#define LEN 60000

static unsigned int random_state;
static int last; /* after that many calls: EIO */

static uint64_t fewer(uint64_t most)
{
	random_state = random_state * 1103515245 + 12345;
	return 1 + (random_state >> 8) % (random_state & 0x10000 ? most : most / 16 + 1);
}

static int64_t short_tee(const uint64_t *a, int earlier)
{
	return earlier >= last ? -EIO : t_make_with(SYS_tee, a, 2, fewer(a[2]));
}

static int64_t short_splice(const uint64_t *a, int earlier)
{
	return earlier >= last ? -EIO
			       : t_make_with(SYS_splice, a, 4, fewer(a[4]));
}

static void story(void *splices)
{
	static char bytes[LEN];
	struct zs_result result = t_unwritten();
	int in[2], copy[2], out = t_file(0);
	int64_t moved, copied;

	MUST(pipe(in) == 0 && pipe(copy) == 0);
	MUST(fcntl(copy[1], F_SETPIPE_SZ, 1 << 20) == 1 << 20); /* each tee takes a slot of it */
	t_pattern(bytes, LEN, 0);
	t_write(in[1], bytes, LEN);
	if (splices)
		t_intercept(SYS_splice, short_splice);
	else
		t_intercept(SYS_tee, short_tee);
	moved = zs_tee_full(in[0], copy[1], out, LEN, 0, &result);
	if (moved == LEN)
		OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_TEE | ZS_VIA_SPLICE));
	else
		OK(moved == -1 && errno == EIO && result.error == EIO && result.bytes < LEN && last < 100);
	OK(last < 100 || moved == LEN);
	OK(splices || result.in_flight == 0);
	OK(!splices || moved == LEN || result.in_flight > 0);
	copied = t_bytes_available(copy[0]);
	T_EQ(copied, (int64_t)(result.bytes + result.in_flight));
	T_EQ(lseek(out, 0, SEEK_END), (int64_t)result.bytes);
	T_EQ(t_bytes_available(in[0]), LEN - (int)result.bytes);
	T_EQ(t_read(copy[0], bytes, (size_t)copied), (size_t)copied);
	OK(t_is_pattern(bytes, (size_t)copied, 0));
	if (T_EQ(pread(out, bytes, LEN, 0), (ssize_t)result.bytes))
		OK(t_is_pattern(bytes, result.bytes, 0));
}

int main(void)
{
	for (int round = 0; round < 12; round++) {
		random_state = (unsigned int)round * 2654435761u;
		last = INT_MAX;
		if (round & 1)
			last = round / 2;
		T_CHILD(story, NULL);
		T_CHILD(story, &last);
	}
	return t_done();
}
