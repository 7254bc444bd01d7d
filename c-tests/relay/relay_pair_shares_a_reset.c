/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel reports a reset once per socket, to the direction that asks first. A pair shares it. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

/* left <-> a | b <-> right */
struct connection {
	int left, a, b, right;
	zs_relay *there, *back;
};

static struct connection connection(int paired)
{
	struct connection it;
	int fds[2];

	t_stream(T_A_TCP, fds);
	it.left = fds[1];
	it.a = fds[0];
	t_stream(T_A_TCP, fds);
	it.b = fds[1];
	it.right = fds[0];
	t_nonblock(it.a, 1);
	t_nonblock(it.b, 1);
	MUST((it.there = zs_relay_new(it.a, it.b, ZS_TO_END, NULL, ZS_NOSIGPIPE)) != NULL);
	MUST((it.back = zs_relay_new(it.b, it.a, ZS_TO_END, NULL, ZS_NOSIGPIPE)) != NULL);
	errno = 0x5a5a;
	if (paired)
		zs_relay_pair(it.there, it.back);
	T_EQ(errno, 0x5a5a);
	return it;
}

static void close_all(struct connection *it)
{
	zs_relay_free(it->there);
	zs_relay_free(it->back);
	MUST(close(it->a) == 0 && close(it->b) == 0 && close(it->right) == 0);
}

/* The send of the opposite direction gets it; this one still has eight bytes to deliver. */
static void told_to_the_send(int paired, int asks_poll)
{
	struct connection it = connection(paired);
	struct zs_result result;
	char bytes[16];
	int wanted;

	MUST(write(it.left, "8 bytes.", 8) == 8);
	t_reset(it.left);
	MUST(asks_poll || write(it.right, "late", 4) == 4);
	t_sleep_ms(2);
	T_EQ(t_relay_run(it.back, 0), -1);
	T_EQ(errno, ECONNRESET);
	result = t_relay_result(it.back);
	if (T_EQ(result.side, ZS_SIDE_OUT) && T_EQ(result.bytes, 0))
		T_EQ(result.in_flight, asks_poll ? 0 : 4);
	wanted = t_relay_run(it.there, 0);
	/* Without the pair it is a clean end. */
	if (paired)
		OK(wanted == -1 && errno == ECONNRESET && t_relay_result(it.there).side == ZS_SIDE_IN);
	else
		T_EQ(wanted, 0);
	T_EQ(t_relay_result(it.there).bytes, 8);
	if (T_EQ(t_read(it.right, bytes, 8), 8))
		T_EQ(memcmp(bytes, "8 bytes.", 8), 0);
	T_EQ(zs_relay_take(it.back, bytes, 16), asks_poll ? 0 : 4);
	close_all(&it);
}

/* This one gets it as an error of its input; the other has nothing to write, and would not get it. */
static void told_to_the_input(void)
{
	struct connection it = connection(1);

	T_EQ(t_relay_run(it.back, 0), ZS_WANT_READ);
	t_reset(it.left);
	t_sleep_ms(2);
	T_EQ(t_relay_run(it.there, 0), -1);
	T_EQ(errno, ECONNRESET);
	MUST(write(it.right, "late", 4) == 4);
	T_EQ(t_relay_run(it.back, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_result(it.back).side, ZS_SIDE_OUT);
	close_all(&it);
}

/* Likewise, and the other direction has come to the end of its input: with nothing to write, the pair alone knows
 * that its output is dead, since poll(2) reports no error any more. */
static void told_to_the_input_before_the_end(void)
{
	struct connection it = connection(1);

	MUST(shutdown(it.right, SHUT_WR) == 0);
	t_reset(it.left);
	MUST(poll(&(struct pollfd){ .fd = it.a, .events = POLLIN }, 1, 5000) == 1);
	MUST(poll(&(struct pollfd){ .fd = it.b, .events = POLLIN }, 1, 5000) == 1);
	T_EQ(t_relay_run(it.there, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_run(it.back, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_result(it.back).side, ZS_SIDE_OUT);
	close_all(&it);
}

/* A direction that is done stays done, whatever the other one meets. */
static void done_stays_done(void)
{
	struct connection it = connection(1);

	MUST(shutdown(it.right, SHUT_WR) == 0);
	t_sleep_ms(2);
	T_EQ(t_relay_run(it.back, 0), 0);
	t_reset(it.left);
	t_sleep_ms(2);
	T_EQ(t_relay_run(it.there, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_run(it.back, 0), 0);
	close_all(&it);
}

/* An end that came before the reset was one. */
static void end_then_reset(void)
{
	struct connection it = connection(1);

	MUST(write(it.left, "all", 3) == 3);
	MUST(close(it.left) == 0);
	t_sleep_ms(2);
	MUST(write(it.right, "late", 4) == 4);
	T_EQ(t_relay_run(it.back, 0), ZS_WANT_READ); /* which the peer answers with a reset */
	t_sleep_ms(2);
	MUST(write(it.right, "later", 5) == 5);
	T_EQ(t_relay_run(it.back, 0), -1);
	if (T_EQ(t_relay_run(it.there, 0), 0))
		T_EQ(t_relay_result(it.there).bytes, 3);
	close_all(&it);
}

/* Freed in any order, paired with others before, or with nobody. */
static void in_any_order(void)
{
	struct connection it = connection(1), other = connection(0);

	zs_relay_pair(it.there, other.there);
	zs_relay_pair(it.there, it.back);
	zs_relay_pair(it.there, it.there);
	zs_relay_pair(it.there, NULL);
	zs_relay_pair(NULL, NULL);
	zs_relay_free(it.there);
	it.there = NULL;
	T_EQ(t_relay_run(it.back, 0), ZS_WANT_READ);
	MUST(close(it.left) == 0 && close(other.left) == 0);
	close_all(&it);
	close_all(&other);
}

int main(void)
{
	told_to_the_send(1, 0);
	told_to_the_send(1, 1);
	told_to_the_send(0, 0);
	told_to_the_input();
	told_to_the_input_before_the_end();
	done_stays_done();
	end_then_reset();
	in_any_order();
	return t_done();
}
