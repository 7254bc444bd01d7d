/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reset ends both directions, whichever of them meets it, also while bulk data is sent and the kernel drops it inside
 * a splice(2): it is never an end that is passed on. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define ROUNDS 1000

static void reset(zs_pool *pool, unsigned int round)
{
	enum t_poller how = (enum t_poller)(round % T_POLLERS);
	int turned = round / T_POLLERS % 2;
	struct t_duplex it = t_duplex(T_A_TCP, T_A_TCP, round % 5 ? pool : NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	struct t_bulk_peers peers = { it.far[turned], it.far[!turned], 1 + round * 7 % 60 };
	struct zs_result results[2];
	pthread_t threads[2];
	char byte;

	t_scene("round %u, %s", round, t_poller_name(how));
	t_write(peers.client, "x", 1);
	threads[0] = t_thread(t_reads_and_resets, &peers);
	threads[1] = t_thread(t_sends_bulk, &peers);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), -1);
	T_EQ(errno, ECONNRESET);
	t_duplex_results(it.duplex, results);
	/* An upload that was cut off would look complete. */
	T_EQ(results[turned].error, ECONNRESET);
	T_EQ(results[!turned].error, ECONNRESET);
	/* The server has got no end after its byte. */
	T_EQ(recv(peers.server, &byte, 1, MSG_DONTWAIT), 1);
	T_EQ(recv(peers.server, &byte, 1, MSG_DONTWAIT), -1);
	MUST(shutdown(it.fd[!turned], SHUT_RDWR) == 0);
	it.far[turned] = -1;
	t_poller_close(&poller);
	t_join(threads[0]);
	/* What is left in the socket must not keep the server. */
	MUST(close(it.fd[!turned]) == 0 && (it.fd[!turned] = open("/", O_PATH)) >= 0);
	t_join(threads[1]);
	t_duplex_close(&it);
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
