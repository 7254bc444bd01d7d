/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After an error the copy has in_flight bytes that the output lacks. Moving these with zs_splice_full and
 * continuing completes both streams, wherever the error came. Here that happens thousands of times, with full
 * pipes and SPLICE_F_NONBLOCK. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define LEN 200000

static unsigned int random_state = 4711;

static unsigned int below(unsigned int most)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 8) % most;
}

/* Reads up to `most` bytes from a pipe. Returns the new position in the stream. */
static uint64_t check(int fd, uint64_t at, unsigned int most)
{
	static char bytes[65536];
	ssize_t n = read(fd, bytes, most);

	if (n > 0)
		OK(t_is_pattern(bytes, (size_t)n, at));
	return n > 0 ? at + (uint64_t)n : at;
}

int main(void)
{
	uint64_t fed = 0, copied = 0, passed = 0, copies_read = 0, outs_read = 0;
	int in[2], copy[2], out[2], errors = 0, in_flights = 0;
	char bytes[9000];

	MUST(pipe2(in, O_NONBLOCK) == 0 && pipe2(copy, O_NONBLOCK) == 0 && pipe2(out, O_NONBLOCK) == 0);
	MUST(fcntl(copy[1], F_SETPIPE_SZ, 8192) == 8192 && fcntl(out[1], F_SETPIPE_SZ, 4096) == 4096);
	for (int round = 0; (copies_read < LEN || outs_read < LEN) && round < 200000; round++) {
		size_t n = 1 + below(sizeof bytes);
		struct zs_result result = t_unwritten();
		int64_t moved;
		uint64_t before = passed, ask = LEN - passed < 30000 ? LEN - passed : 30000;
		uint64_t behind = copied - passed;

		n = n < LEN - fed ? n : LEN - fed;
		t_pattern(bytes, n, fed);
		if (n && write(in[1], bytes, n) > 0)
			fed += n; /* it is all or nothing below a page, and otherwise... */
		fed = passed + (uint64_t)t_bytes_available(in[0]);

		if (behind > 0) {
			/* The documented way to go on. */
			moved = zs_splice_full(in[0], NULL, out[1], NULL, behind, SPLICE_F_NONBLOCK, &result);
			OK(moved == (int64_t)behind || (moved == -1 && errno == EAGAIN));
			passed += result.bytes;
		} else {
			moved = zs_tee_full(in[0], copy[1], out[1], ask, SPLICE_F_NONBLOCK, &result);
			OK(moved == (int64_t)ask || (moved == -1 && errno == EAGAIN));
			T_EQ(result.error, moved == -1 ? EAGAIN : 0);
			T_EQ(result.spare[1], 0);
			OK(moved == -1 || (result.bytes == ask && result.in_flight == 0));
			passed += result.bytes;
			copied += result.bytes + result.in_flight;
			errors += moved == -1;
			in_flights += result.in_flight > 0;
		}
		OK(passed >= before);
		/* The pipes hold exactly what the result says. */
		T_EQ(copies_read + (uint64_t)t_bytes_available(copy[0]), copied);
		T_EQ(outs_read + (uint64_t)t_bytes_available(out[0]), passed);
		T_EQ(passed + (uint64_t)t_bytes_available(in[0]), fed);
		copies_read = check(copy[0], copies_read, 1 + below(9000));
		outs_read = check(out[0], outs_read, 1 + below(5000));
		if (t_failures)
			break;
	}
	T_EQ(copies_read, LEN);
	T_EQ(outs_read, LEN);
	OK(errors > 20 && in_flights > 10);
	return t_done();
}
