/* What relays hold: an idle one, which has moved bytes, memory and descriptors (of 10,000 with one pool); one whose
 * reader is slow, bytes.
 *
 * All relay between the same two connections, one after another: an idle relay does not use its
 * descriptors, so 20,000 of them are not needed.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <dirent.h>
#include <malloc.h>

#include "ends.h"

enum { PAIRS = 5000, FEW = 64, MANY = 256 << 10, PIPES = 32 };

static zs_pool *pool;
static zs_relay *relays[PAIRS][2];
static int client[2], server[2]; /* [0] is relayed, [1] its far end */

struct held {
	double heap, resident, descriptors;
};

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	MUST(file && fscanf(file, "%*u %lu", &pages) == 1);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	MUST(folder != NULL);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* The bytes that malloc(3) has given out; mallinfo2() exists since glibc 2.33. */
static double heap(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd);
#else
	return NAN;
#endif
}

static struct held held(void)
{
	return (struct held){ heap(), (double)resident(), (double)descriptors() };
}

/* Sends bytes through a relay until it has delivered all and waits for more. */
static void move(zs_relay *relay, int from, int to, size_t len)
{
	static char buffer[MANY], there[MANY];
	size_t got = 0;
	ssize_t count;

	for (size_t i = 0; i < len; i++)
		buffer[i] = (char)(i % 251);
	MUST(write(from, buffer, len) == (ssize_t)len);
	while (got < len) {
		MUST(zs_relay_run(relay, 0) > 0);
		if ((count = recv(to, there + got, len - got, MSG_DONTWAIT)) > 0)
			got += (size_t)count;
	}
	MUST(zs_relay_run(relay, 0) == ZS_WANT_READ && memcmp(buffer, there, len) == 0);
}

static void begin(zs_relay *pair[2])
{
	pair[0] = zs_relay_new(client[0], server[0], ZS_TO_END, pool, ZS_RELAY_SHUTDOWN);
	pair[1] = zs_relay_new(server[0], client[0], ZS_TO_END, pool, ZS_RELAY_SHUTDOWN);
	MUST(pair[0] && pair[1]);
	zs_relay_pair(pair[0], pair[1]);
}

/* Messages, then bulk data, for which the relay borrows a pipe, then a message again. */
static void use(zs_relay *pair[2])
{
	static const size_t lens[] = { FEW, MANY, FEW };
	struct zs_result result;

	for (size_t i = 0; i < COUNT(lens); i++) {
		move(pair[0], client[1], server[1], lens[i]);
		move(pair[1], server[1], client[1], lens[i]);
	}
	zs_relay_result(pair[0], &result);
	MUST(result.via & ZS_VIA_SPLICE && result.in_flight == 0);
}

static void connect_both(void)
{
	tcp(client);
	tcp(server);
	MUST(fcntl(client[0], F_SETFL, O_NONBLOCK) == 0 && fcntl(server[0], F_SETFL, O_NONBLOCK) == 0);
}

static void finish(zs_relay *pair[2])
{
	zs_relay_free(pair[0]);
	zs_relay_free(pair[1]);
}

/* Nobody reads, and the input always has more. */
static void stall(void)
{
	static char more[MANY];
	struct zs_result result;
	zs_relay *pair[2];
	int wanted = ZS_WANT_RUN;

	connect_both();
	begin(pair);
	while (wanted != ZS_WANT_WRITE) {
		(void)!send(client[1], more, sizeof more, MSG_DONTWAIT | MSG_NOSIGNAL);
		MUST((wanted = zs_relay_run(pair[0], 0)) > 0);
	}
	zs_relay_result(pair[0], &result);
	heading("a relay whose reader is slow");
	amount("held", (double)result.in_flight, "B", "<= 1048576");
	finish(pair);
}

int main(void)
{
	zs_relay *first[2];
	struct held before, after;

	own_network();
	connect_both();
	MUST((pool = zs_pool_new(PIPES, 0)) != NULL);
	/* The first relay makes what the pool and libc make once and keep. */
	begin(first);
	use(first);
	before = held();
	for (size_t i = 0; i < PAIRS; i++) {
		begin(relays[i]);
		use(relays[i]);
	}
	after = held();

	heading("a relay that has moved bytes and is idle, of 10,000 with one pool");
	if (isnan(after.heap))
		missing("heap", "this libc does not tell");
	else
		amount("heap", (after.heap - before.heap) / (2 * PAIRS), "B", "< 256");
	amount("resident memory", (after.resident - before.resident) / (2 * PAIRS), "B", "< 256");
	amount("descriptors", after.descriptors - before.descriptors, "of all", "<= 0");

	for (size_t i = 0; i < PAIRS; i++)
		finish(relays[i]);
	finish(first);
	stall();
	zs_pool_free(pool);
	return 0;
}
