/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reset of one side ends both directions and both results have the error, whichever direction meets it first.
 * What came before it has been delivered. A peer that only goes away ends the direction to it. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

enum { SILENT, HAS_SENT, IS_SENT_TO, BOTH, CASES };

struct resetter {
	struct t_side *side, *other;
	int how;
};

static void arrives(int fd)
{
	struct pollfd in = { .fd = fd, .events = POLLIN };

	MUST(poll(&in, 1, 10000) == 1);
}

static void *resets(void *argument)
{
	struct linger none = { .l_onoff = 1 };
	struct resetter *it = argument;

	if (it->how == HAS_SENT || it->how == BOTH)
		t_write(it->side->far_out, "some", 4);
	if (it->how == IS_SENT_TO || it->how == BOTH)
		t_write(it->other->far_out, "more", 4);
	/* What a reset finds on its way is lost. */
	if (it->how == HAS_SENT || it->how == BOTH)
		arrives(it->other->far_in);
	if (it->how == IS_SENT_TO || it->how == BOTH)
		arrives(it->side->far_in);
	t_sleep_ms(10);
	MUST(setsockopt(it->side->far_in, SOL_SOCKET, SO_LINGER, &none, sizeof none) == 0);
	MUST(close(it->side->far_in) == 0);
	return NULL;
}

static void reset(enum t_side_kind other, int nonblock, int turned, int how)
{
	struct zs_result results[2];
	struct t_side a, b, *side = turned ? &b : &a, *to = turned ? &a : &b;
	struct resetter resetter = { side, to, how };
	int64_t cpu = t_cpu_ms();
	char bytes[8];
	pthread_t thread;

	t_side(side, T_BY_TCP, nonblock, 0, 0);
	t_side(to, other, nonblock, 0, 0);
	thread = t_thread(resets, &resetter);
	errno = 0;
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE), -1);
	T_EQ(errno, ECONNRESET);
	OK(t_cpu_ms() - cpu < 500);
	t_join(thread);
	for (int i = 0; i < 2; i++)
		OK(results[i].error == ECONNRESET && (results[i].side == ZS_SIDE_IN || results[i].side == ZS_SIDE_OUT));
	if (how == HAS_SENT || how == BOTH) {
		T_EQ(results[turned].bytes, 4);
		if (T_EQ(t_read(to->far_in, bytes, 4), 4))
			T_EQ(memcmp(bytes, "some", 4), 0);
	}
	if (how == IS_SENT_TO || how == BOTH)
		T_EQ(results[!turned].bytes, 4);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(to->far_in) == 0);
	if (other == T_BY_PIPES)
		MUST(close(to->out) == 0 && close(to->far_out) == 0);
}

/* The peer closes while there are more bytes for it. */
static void gone(enum t_side_kind kind, int nonblock, int turned)
{
	struct zs_result results[2];
	struct t_side a, b, *side = turned ? &b : &a, *to = turned ? &a : &b;
	struct t_later later = { .ms = 10, .drain = 100000, .close = 1 };
	pthread_t thread;

	t_side(side, kind, nonblock, 0, 0);
	t_side(to, T_BY_UNIX, nonblock, 8 << 20, 0);
	to->writer = t_thread(t_side_write, to);
	later.fd = side->far_in;
	if (kind == T_BY_PIPES)
		MUST(close(side->far_out) == 0);
	thread = t_later(&later);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE), -1);
	OK(errno == ECONNRESET || (errno == EPIPE && kind != T_BY_TCP));
	T_EQ(results[!turned].error, errno);
	T_EQ(results[!turned].side, ZS_SIDE_OUT);
	OK(results[!turned].bytes >= 100000);
	/* There was something that it had not read, which a socket makes a reset, for the reader too. */
	T_EQ(results[turned].error, kind == T_BY_PIPES ? 0 : ECONNRESET);
	t_join(thread);
	t_drain(to->in, (8 << 20) - results[!turned].bytes - results[!turned].in_flight);
	t_join(to->writer);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(to->far_in) == 0);
	if (kind == T_BY_PIPES)
		MUST(close(side->out) == 0);
}

/* The direction from the dead connection meets the reset. The other has ended by then and has nothing to write. */
static void reset_meets_an_end(void)
{
	struct zs_result results[2];
	struct t_side a, b;

	t_side(&a, T_BY_TCP, 1, 0, 0);
	t_side(&b, T_BY_TCP, 1, 0, 0);
	MUST(shutdown(b.far_out, SHUT_WR) == 0);
	t_reset(a.far_in);
	MUST(poll(&(struct pollfd){ .fd = a.in, .events = POLLIN }, 1, 5000) == 1);
	MUST(poll(&(struct pollfd){ .fd = b.in, .events = POLLIN }, 1, 5000) == 1);
	T_EQ(T_BRIDGE(&a, &b, results, .flags = ZS_NOSIGPIPE), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(results[0].error, ECONNRESET);
	T_EQ(results[0].side, ZS_SIDE_IN);
	T_EQ(results[1].error, ECONNRESET);
	T_EQ(results[1].side, ZS_SIDE_OUT);
	MUST(close(a.in) == 0 && close(b.in) == 0 && close(b.far_in) == 0);
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		for (int how = 0; how < CASES; how++) {
			reset(T_BY_TCP, i & 1, i >> 1, how);
			reset(T_BY_UNIX, i & 1, i >> 1, how);
			reset(T_BY_PIPES, i & 1, i >> 1, how);
		}
		for (int kind = 0; kind < T_BY_FILES; kind++)
			gone((enum t_side_kind)kind, i & 1, i >> 1);
	}
	reset_meets_an_end();
	return t_done();
}
