/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A peer that resets while it is sent bulk data: the kernel reports that once, and inside a splice(2) which has
 * moved bytes before it is lost. The pair sees it all the same: what the peer sent has not ended, and the output
 * has failed with ECONNRESET. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define ROUNDS 120

/* Runs both relays until they are over. */
static void run(zs_relay *relays[2], int errors[2], const int fds[2])
{
	int wants[2] = { ZS_WANT_RUN, ZS_WANT_RUN };

	while (wants[0] > 0 || wants[1] > 0) {
		struct pollfd polls[2] = { { .fd = fds[0] }, { .fd = fds[1] } };

		for (int i = 0; i < 2; i++) {
			if (wants[i] <= 0)
				continue;
			polls[i].events |= wants[i] & ZS_WANT_READ ? POLLIN : 0;
			polls[!i].events |= wants[i] & ZS_WANT_WRITE ? POLLOUT : 0;
		}
		if (!((wants[0] | wants[1]) & ZS_WANT_RUN)) {
			for (int i = 0; i < 2; i++)
				if (polls[i].events == 0)
					polls[i].fd = -1;
			MUST(poll(polls, 2, 5000) > 0);
		}
		/* The direction to the client first: it may be the one that spends the error. */
		for (int i = 1; i >= 0; i--)
			if (wants[i] > 0 && (wants[i] = zs_relay_run(relays[i], 0)) < 0)
				errors[i] = errno;
		for (int i = 0; i < 2; i++)
			if (wants[i] < 0 && wants[!i] > 0)
				wants[!i] |= ZS_WANT_RUN;
	}
}

static void reset(zs_pool *pool, unsigned int round)
{
	struct t_bulk_peers peers = { .reads = 20 + round * 7 % 100 };
	int errors[2] = { 0, 0 }, fds[2], pair[2];
	zs_relay *relays[2];
	pthread_t threads[2];

	t_scene("round %u", round);
	t_tcp_pair(pair, 0, 0);
	peers.client = pair[0];
	fds[0] = pair[1];
	t_tcp_pair(pair, 0, 0);
	peers.server = pair[0];
	fds[1] = pair[1];
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	for (int i = 0; i < 2; i++)
		MUST((relays[i] = zs_relay_new(fds[i], fds[!i], ZS_TO_END, pool,
					       ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL | ZS_NOSIGPIPE)) != NULL);
	zs_relay_pair(relays[0], relays[1]);
	t_write(peers.client, "x", 1);
	threads[0] = t_thread(t_reads_and_resets, &peers);
	threads[1] = t_thread(t_sends_bulk, &peers);
	run(relays, errors, fds);
	T_EQ(errors[0], ECONNRESET); /* 0: a broken-off upload would look complete */
	T_EQ(errors[1], ECONNRESET);
	zs_relay_free(relays[0]);
	zs_relay_free(relays[1]);
	MUST(close(fds[0]) == 0 && close(fds[1]) == 0);
	t_join(threads[0]);
	t_join(threads[1]);
	MUST(close(peers.server) == 0);
}

int main(void)
{
	zs_pool *pool;

	MUST((pool = zs_pool_new(4, 0)) != NULL);
	for (unsigned int i = 0; i < ROUNDS; i++)
		reset(pool, i);
	zs_pool_free(pool);
	return t_done();
}
