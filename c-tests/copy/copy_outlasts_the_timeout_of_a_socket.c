/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SO_RCVTIMEO and SO_SNDTIMEO do not end a copy: it keeps waiting. Its limits are those in its options. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void silent(enum t_stream kind, int to_file, uint32_t avoid)
{
	struct zs_result result;
	int in[2], out[2];
	struct t_later later = { .ms = 60, .write = "at last", .close = 1 };
	pthread_t thread;

	t_stream(kind, in);
	t_timeout_ms(in[0], SO_RCVTIMEO, 20);
	MUST(pipe(out) == 0);
	if (to_file)
		MUST(close(out[1]) == 0 && (out[1] = t_file(0)) >= 0);
	later.fd = in[1];
	thread = t_later(&later);
	errno = 123;
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, ZS_TO_END, &result, .avoid = avoid), 7);
	T_EQ(errno, 123);
	T_EQ(result.bytes, 7);
	T_EQ(result.error, 0);
	T_EQ(result.in_flight, 0);
	t_join(thread);
	MUST(close(in[0]) == 0);
	t_close2(out);
}

static void full(enum t_stream kind, enum t_place from, uint32_t avoid)
{
	struct zs_result result;
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	int out[2];
	struct t_later later = { .ms = 60 };
	pthread_t thread;

	t_stream(kind, out);
	t_timeout_ms(out[1], SO_SNDTIMEO, 20);
	later.drain = t_fill_stream(kind, out) + T_PAIR_LEN;
	later.fd = out[0];
	thread = t_later(&later);
	errno = 123;
	T_EQ(T_COPY(pair->in, NULL, out[1], NULL, T_PAIR_LEN, &result, .avoid = avoid), T_PAIR_LEN);
	T_EQ(errno, 123);
	T_EQ(result.bytes, T_PAIR_LEN);
	T_EQ(result.in_flight, 0);
	t_join(thread);
	t_close2(out);
	if (pair->far_in >= 0)
		t_join(pair->writer);
	MUST(close(pair->in) == 0 && close(pair->out) == 0);
	free(pair);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, T_ALL_VIA & ~ZS_VIA_READ_WRITE };

	for (int kind = T_A_UNIX; kind <= T_A_TCP; kind++)
		for (int i = 0; i < 3; i++) {
			silent((enum t_stream)kind, i & 1, avoids[i]);
			for (int from = T_AT_FILE; from <= T_AT_UNIX; from++)
				full((enum t_stream)kind, (enum t_place)from, avoids[i]);
		}
	return t_done();
}
