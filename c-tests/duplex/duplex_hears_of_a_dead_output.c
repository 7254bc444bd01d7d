/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An output that dies is noticed at once, also by a direction that waits for its input; and what is known of a dead
 * connection the other direction knows, too, without an event of its own. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

/* A peer that goes away ends the direction from it, and fails the one to it, with nothing to be written. */
static void goes(enum t_poller how, int side)
{
	struct t_duplex it = t_duplex(T_A_UNIX, T_A_UNIX, NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	struct zs_result results[2];
	unsigned int events[2];

	t_scene("%s, side %d", t_poller_name(how), side);
	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	MUST(close(it.far[side]) == 0);
	it.far[side] = -1;
	/* Only of that side something is reported. */
	do
		t_poller_wait(&poller, it.duplex, events, 5000);
	while (!(events[side] & POLLHUP) && T_EQ(t_duplex_run(it.duplex, events[0], events[1], 0), 1));
	events[!side] = 0;
	T_EQ(t_duplex_go_on(it.duplex, events, &poller, &(long){ 0 }, &(long){ 0 }), -1);
	T_EQ(errno, EPIPE);
	t_duplex_results(it.duplex, results);
	T_EQ(results[!side].error, EPIPE);
	T_EQ(results[!side].side, ZS_SIDE_OUT);
	T_EQ(results[side].error, 0);
	OK(t_ready(it.far[!side], POLLRDHUP) & POLLRDHUP);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* The direction to the dead connection waits for room, in which nothing happens any more but errors. */
static void dies_while_full(enum t_poller how, int side)
{
	struct t_duplex it = t_duplex(T_A_TCP, T_A_TCP, NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	struct zs_result results[2];
	size_t pushed = 0;

	t_scene("full, %s, side %d", t_poller_name(how), side);
	t_nonblock(it.far[!side], 1);
	for (int idle = 0; idle < 5;) {
		size_t n = t_push(it.far[!side], 1 << 20, pushed);

		pushed += n;
		idle = n ? 0 : idle + 1;
		OK(t_duplex_run(it.duplex, events[0], events[1], 0) > 0);
		if (!n)
			t_sleep_ms(5);
	}
	t_reset(it.far[side]);
	it.far[side] = -1;
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), -1);
	T_EQ(errno, ECONNRESET);
	t_duplex_results(it.duplex, results);
	T_EQ(results[0].error, ECONNRESET);
	T_EQ(results[1].error, ECONNRESET);
	OK(results[!side].in_flight > 0);
	/* What was taken and not delivered is no end for the peer that is left. */
	OK(!(t_ready(it.far[!side], POLLRDHUP) & POLLRDHUP));
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	for (int how = 0; how < T_POLLERS; how++)
		for (int side = 0; side < 2; side++) {
			goes((enum t_poller)how, side);
			dies_while_full((enum t_poller)how, side);
		}
	return t_done();
}
