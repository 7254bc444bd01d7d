/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An error that a relay met before it was paired, or paired again, reaches the other relay all the same, even
 * if the first has not returned it yet. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

/* left <-> a | b <-> right, of which the right one resets. */
struct connection {
	int left, a, b, right;
	zs_relay *there, *back;
};

static struct connection connection(int paired)
{
	struct connection it;
	int fds[2];

	t_stream(T_A_UNIX, fds);
	it.left = fds[1];
	it.a = fds[0];
	t_stream(T_A_TCP, fds);
	it.b = fds[1];
	it.right = fds[0];
	t_nonblock(it.left, 1);
	t_nonblock(it.a, 1);
	t_nonblock(it.b, 1);
	t_nonblock(it.right, 1);
	MUST((it.there = zs_relay_new(it.a, it.b, ZS_TO_END, NULL, ZS_NOSIGPIPE)) != NULL);
	MUST((it.back = zs_relay_new(it.b, it.a, ZS_TO_END, NULL, ZS_NOSIGPIPE)) != NULL);
	if (paired)
		zs_relay_pair(it.there, it.back);
	return it;
}

static void resets(struct connection *it)
{
	t_reset(it->right);
	while (!(t_ready(it->b, POLLIN) & POLLHUP))
		t_sleep_ms(1);
}

static void close_all(struct connection *it)
{
	zs_relay_free(it->there);
	zs_relay_free(it->back);
	MUST(close(it->left) == 0 && close(it->a) == 0 && close(it->b) == 0);
}

/* One of the two has met the reset, on its output or on its input. */
static void learned(int paired, int by_output, int turned)
{
	struct connection it = connection(paired);
	zs_relay *first = by_output ? it.there : it.back, *second = by_output ? it.back : it.there;

	resets(&it);
	T_EQ(t_relay_run(first, 0), -1);
	T_EQ(errno, ECONNRESET);
	if (turned)
		zs_relay_pair(second, first);
	else
		zs_relay_pair(first, second);
	T_EQ(t_relay_run(second, 0), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(t_relay_result(second).side, by_output ? ZS_SIDE_IN : ZS_SIDE_OUT);
	close_all(&it);
}

/* It has to deliver what came before first. */
static void holds(int paired)
{
	struct connection it = connection(paired);
	size_t pushed = 0, got = 0;
	int small = 4096, wanted;

	MUST(setsockopt(it.a, SOL_SOCKET, SO_SNDBUF, &small, sizeof small) == 0);
	/* In bulk, so that a pipe takes everything. */
	for (size_t n = 1; n > 0; pushed += n) {
		n = t_push(it.right, 50000, pushed);
		OK(t_relay_run(it.back, 0) > 0);
		if (pushed > 300000)
			break;
	}
	resets(&it);
	T_EQ(t_relay_run(it.back, 0), ZS_WANT_WRITE);
	zs_relay_pair(it.there, it.back);
	T_EQ(t_relay_run(it.there, 0), -1);
	T_EQ(errno, ECONNRESET);
	while ((wanted = t_relay_run(it.back, 0)) > 0)
		got += t_pull(it.left, SIZE_MAX, got);
	T_EQ(wanted, -1);
	T_EQ(errno, ECONNRESET);
	got += t_pull(it.left, SIZE_MAX, got);
	OK(got > 0 && t_relay_result(it.back).bytes == got && t_relay_result(it.back).in_flight == 0);
	close_all(&it);
}

int main(void)
{
	for (int i = 0; i < 8; i++)
		learned(i & 1, i >> 1 & 1, i >> 2);
	holds(0);
	holds(1);
	return t_done();
}
