/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output fails in the middle: the result says how many bytes have reached it, and what was taken from a pipe
 * or socket beyond that is in flight. From a pipe nothing is taken that need not be. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

struct reader { int fd; size_t takes; char *bytes; };

static void *reads_and_dies(void *argument)
{
	struct reader *reader = argument;

	MUST(t_read(reader->fd, reader->bytes, reader->takes) == reader->takes);
	MUST(close(reader->fd) == 0);
	return NULL;
}

static void died(enum t_place from, enum t_stream to, uint32_t avoid, size_t takes)
{
	struct t_pair *pair = t_pair(from, T_AT_FILE);
	struct zs_result result;
	int out[2], left, small = 32768;
	struct reader reader = { .takes = takes };
	pthread_t thread;

	t_stream(to, out);
	if (to == T_A_TCP) /* its buffers must not hold it all */
		MUST(setsockopt(out[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small) == 0 &&
		     setsockopt(out[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
	reader.fd = out[0];
	MUST((reader.bytes = malloc(takes)) != NULL);
	thread = t_thread(reads_and_dies, &reader);
	T_EQ(T_COPY(pair->in, NULL, out[1], NULL, ZS_TO_END, &result, .avoid = avoid, .flags = ZS_NOSIGPIPE),
	     -1);
	OK(errno == EPIPE || (errno == ECONNRESET && to != T_A_PIPE));
	T_EQ(result.side, ZS_SIDE_OUT);
	T_EQ(result.error, errno);
	t_join(thread);
	OK(t_is_pattern(reader.bytes, takes, 0) && result.bytes >= takes);
	OK(result.bytes + result.in_flight <= T_PAIR_LEN);
	if (from == T_AT_FILE) {
		if (T_EQ(result.in_flight, 0))
			T_EQ(t_position(pair->in), (int64_t)result.bytes);
	} else {
		left = (int)(T_PAIR_LEN - result.bytes - result.in_flight);
		/* splice(2) takes from a pipe only what the output takes. */
		OK(from != T_AT_PIPE || result.in_flight == 0 || (result.via & ZS_VIA_READ_WRITE));
		if (!OK(t_gives_pattern(pair->in, (size_t)left, result.bytes + result.in_flight)))
			fprintf(stderr, "... from %s to %d avoid %s: bytes %llu in flight %llu\n",
				t_place_name(from), to, t_via_words(avoid), (unsigned long long)result.bytes,
				(unsigned long long)result.in_flight);
		T_EQ(t_gives_pattern(pair->in, 1, 0), 0);
	}
	t_put_pattern(pair->out, 0, T_PAIR_LEN, 0);
	OK(t_pair_whole(pair));
	MUST(close(out[1]) == 0);
	free(reader.bytes);
}

int main(void)
{
	static const uint32_t avoids[] = { 0, ZS_VIA_SENDFILE, T_ALL_VIA & ~ZS_VIA_READ_WRITE,
					   ZS_VIA_READ_WRITE };

	for (int from = 0; from < T_PLACES; from++)
		for (int to = T_A_PIPE; to <= T_A_TCP; to++)
			for (int i = 0; i < 4; i++) {
				died((enum t_place)from, (enum t_stream)to, avoids[i], 1);
				died((enum t_place)from, (enum t_stream)to, avoids[i], 33333);
			}
	return t_done();
}
