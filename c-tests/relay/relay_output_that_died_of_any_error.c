/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What an output's connection dies of is the error of the relay, also if it is one that a call refuses with; and what
 * a dead connection takes (kTLS does) has reached nobody: EPIPE. Without ZS_NOSIGPIPE no signal comes that write(2)
 * would not have raised. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_intercept.h"

static char bytes[65536];
static int dead;

/* A relay that holds bytes for a TCP connection whose peer is gone; its error has been told. */
static struct t_relay holding(void)
{
	struct t_relay it = t_relay(T_A_UNIX, T_A_TCP, ZS_TO_END, NULL, 0);
	int error;
	socklen_t len = sizeof error;

	(void)t_fill_relay(&it);
	MUST(t_relay_result(it.relay).in_flight > 0);
	t_reset(it.out);
	it.out = -1;
	MUST(poll(&(struct pollfd){ .fd = it.fd_out, .events = POLLRDHUP }, 1, 5000) == 1);
	MUST(getsockopt(it.fd_out, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNRESET);
	dead = it.fd_out;
	return it;
}

static int64_t is_prohibited_once(const uint64_t *args, int earlier)
{
	static int told;

	(void)earlier;
	return (int)args[2] != dead || told++ ? T_CONTINUE : -EACCES;
}

static int64_t takes_all(const uint64_t *args, int earlier)
{
	(void)earlier;
	return (int)args[2] != dead ? T_CONTINUE : read((int)args[0], bytes, 1000);
}

static void fails(t_answer *answer, int error)
{
	struct t_relay it = holding();
	uint64_t before = t_relay_result(it.relay).bytes + t_relay_result(it.relay).in_flight;

	t_intercept(SYS_splice, answer);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, error);
	T_EQ(t_relay_result(it.relay).side, ZS_SIDE_OUT);
	T_EQ(t_relay_result(it.relay).bytes + t_relay_result(it.relay).in_flight, before);
	t_relay_close(&it);
}

static void prohibited(void *unused)
{
	(void)unused;
	fails(is_prohibited_once, EACCES);
}

static void takes(void *unused)
{
	(void)unused;
	fails(takes_all, EPIPE);
}

int main(void)
{
	T_CHILD(prohibited, NULL);
	T_CHILD(takes, NULL);
	return t_done();
}
