/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every stream is copied to its end, through small pieces and pauses: a count below len means that the input
 * has ended. When len is reached, no byte of what follows is taken. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void *in_pieces(void *argument)
{
	int *fd = argument;
	char bytes[3000];

	for (size_t at = 0, i = 0; i < 12; i++) {
		size_t n = i % 4 == 3 ? sizeof bytes : 1 + i * 17;

		t_pattern(bytes, n, at);
		t_write(*fd, bytes, n);
		at += n;
		t_sleep_ms(i % 3 == 0 ? 3 : 0);
	}
	MUST(close(*fd) == 0);
	return NULL;
}

#define ALL (3 * 3000 + (1 * 9 + 17 * (0 + 1 + 2 + 4 + 5 + 6 + 8 + 9 + 10)))

static void to_its_end(enum t_stream from, enum t_place to, uint64_t len)
{
	struct zs_result result;
	int in[2], out[2], far = -1;
	uint64_t wanted = len < ALL ? len : ALL;
	pthread_t thread;

	t_stream(from, in);
	if (to == T_AT_FILE) {
		out[1] = t_file(0);
	} else {
		t_stream((enum t_stream)(to - 1), out);
		far = out[0];
	}
	thread = t_thread(in_pieces, &in[1]);
	T_EQ(zs_copy(in[0], NULL, out[1], NULL, len, NULL, &result), (int64_t)wanted);
	T_EQ(result.bytes, wanted);
	T_EQ(result.in_flight, 0);
	T_EQ(result.error, 0);
	T_EQ(result.side, 0);
	if (far < 0)
		OK(t_size(out[1]) == (int64_t)wanted && t_has_pattern(out[1], 0, wanted, 0));
	else
		OK(t_gives_pattern(far, wanted, 0));
	OK(t_gives_pattern(in[0], ALL - wanted, wanted));
	t_join(thread);
	MUST(close(in[0]) == 0 && close(out[1]) == 0 && (far < 0 || close(far) == 0));
}

int main(void)
{
	for (int from = T_A_PIPE; from <= T_A_TCP; from++)
		for (int to = 0; to < T_PLACES; to++) {
			to_its_end((enum t_stream)from, (enum t_place)to, ZS_TO_END);
			to_its_end((enum t_stream)from, (enum t_place)to, ALL);
			to_its_end((enum t_stream)from, (enum t_place)to, ALL + 1);
			to_its_end((enum t_stream)from, (enum t_place)to, 4000);
			to_its_end((enum t_stream)from, (enum t_place)to, 1);
		}
	return t_done();
}
