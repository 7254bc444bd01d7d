/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One of the two outputs loses its reader: EPIPE on the side of the output, with both streams accounted for. If
 * it is the copy, nothing is moved that was not duplicated; if it is the output, what was duplicated is in
 * flight. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

/* Ten pages go in, one fits into the pipe that is closed later; its reader takes that one first. */
static void story(int copy_dies)
{
	struct zs_result result = t_unwritten();
	char bytes[10 * T_PAGE];
	int in[2], copy[2], out[2];
	struct t_later death = { .ms = 50, .drain = T_PAGE, .close = 1 };
	pthread_t reader;
	uint64_t held;

	MUST(pipe(in) == 0 && pipe(copy) == 0 && pipe(out) == 0);
	MUST(fcntl(copy_dies ? copy[1] : out[1], F_SETPIPE_SZ, T_PAGE) == T_PAGE);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(in[1], bytes, sizeof bytes);
	death.fd = copy_dies ? copy[0] : out[0];
	reader = t_later(&death);
	T_EQ(zs_tee_full(in[0], copy[1], out[1], sizeof bytes, 0, &result), -1);
	T_EQ(errno, EPIPE);
	t_join(reader);
	T_EQ(result.error, EPIPE);
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.copied, 0);
	T_EQ(result.via, ZS_VIA_TEE | ZS_VIA_SPLICE);
	OK(result.bytes >= T_PAGE && result.bytes <= 2 * T_PAGE);
	T_EQ(t_bytes_available(in[0]), (int)(sizeof bytes - result.bytes));
	if (copy_dies) {
		T_EQ(result.in_flight, 0);
		T_EQ(t_bytes_available(out[0]), (int)result.bytes);
		T_EQ(t_read(out[0], bytes, result.bytes), result.bytes);
		OK(t_is_pattern(bytes, result.bytes, 0));
	} else {
		held = (uint64_t)t_bytes_available(copy[0]);
		T_EQ(result.bytes + result.in_flight, held);
		OK(result.in_flight > 0);
		if (T_EQ(t_read(copy[0], bytes, held), held))
			OK(t_is_pattern(bytes, held, 0));
	}
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	story(0);
	story(1);
	return t_done();
}
