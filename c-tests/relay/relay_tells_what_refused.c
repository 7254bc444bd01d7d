/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay tells that splice(2) refused, and why, from then on; not that the caller or a flag has ruled it out, or that
 * there was no pipe. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define LEN 300000

/* Runs the relay between files to its end. */
static struct zs_result ends(int in, int out, zs_pool *pool, unsigned int flags)
{
	zs_relay *relay = zs_relay_new(in, out, ZS_TO_END, pool, flags);
	struct zs_result result;
	int wanted;

	MUST(relay != NULL);
	result = t_relay_result(relay);
	T_EQ(result.refused, 0);
	T_EQ(result.refusal, 0);
	do
		wanted = t_relay_run(relay, 50000);
	while (wanted > 0);
	T_EQ(wanted, 0);
	result = t_relay_result(relay);
	T_EQ(result.bytes, LEN);
	T_EQ(result.index, 0);
	OK(t_has_pattern(out, 0, LEN, 0));
	zs_relay_free(relay);
	MUST(close(in) == 0 && close(out) == 0);
	return result;
}

static void to_files(void)
{
	struct zs_result result;

	t_scene("to a file");
	result = ends(t_file(LEN), t_file(0), NULL, 0);
	OK(T_IS(result, .bytes = LEN, .via = ZS_VIA_SPLICE));

	t_scene("to a file that appends");
	result = ends(t_file(LEN), t_reopen(t_file(0), O_RDWR | O_APPEND), NULL, 0);
	OK(T_IS(result, .bytes = LEN, .copied = LEN, .via = ZS_VIA_READ_WRITE, .refused = ZS_VIA_SPLICE,
		.refusal = EINVAL));

	t_scene("to a file that appends, ZS_STABLE");
	result = ends(t_file(LEN), t_reopen(t_file(0), O_RDWR | O_APPEND), NULL, ZS_STABLE);
	OK(T_IS(result, .bytes = LEN, .copied = LEN, .via = ZS_VIA_READ_WRITE));
}

/* The first bytes are spliced; then the output becomes one that appends. */
static void in_the_middle(void)
{
	int in = t_file(LEN), out = t_file(0);
	zs_relay *relay = zs_relay_new(in, out, ZS_TO_END, NULL, 0);
	struct zs_result result;

	t_scene("in the middle");
	MUST(relay != NULL);
	T_EQ(t_relay_run(relay, 100000), ZS_WANT_RUN);
	MUST(fcntl(out, F_SETFL, O_APPEND) == 0);
	while (t_relay_run(relay, 0) > 0)
		;
	result = t_relay_result(relay);
	OK(T_IS(result, .bytes = LEN, .copied = LEN - 100000, .via = ZS_VIA_SPLICE | ZS_VIA_READ_WRITE,
		.refused = ZS_VIA_SPLICE, .refusal = EINVAL));
	OK(t_has_pattern(out, 0, LEN, 0));
	zs_relay_free(relay);
	MUST(close(in) == 0 && close(out) == 0);
}

/* Without read and write the refusal is the end, and its reason stays. */
static void only_splice(void *unused)
{
	int in = t_file(LEN), out = t_reopen(t_file(0), O_RDWR | O_APPEND), fds[2];
	struct zs_result results[2];

	(void)unused;
	t_scene("read and write avoided");
	MUST(pipe(fds) == 0 && close(fds[1]) == 0);
	T_EQ(zs_bridge(in, out, fds[0], out, &(struct zs_options){ .avoid = ZS_VIA_READ_WRITE }, results), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(results[0].error, EOPNOTSUPP);
	T_EQ(results[0].refused, ZS_VIA_SPLICE);
	T_EQ(results[0].refusal, EINVAL);
}

/* Bytes behind TCP urgent data, which splice(2) never gets past. */
static void urgent(void)
{
	int fds[2], out[2];
	struct zs_result results[2];

	t_scene("urgent data, read and write avoided");
	t_tcp_pair(fds, 0, 0);
	MUST(pipe(out) == 0);
	t_send_urgent(fds[0], fds[1]);
	t_write(fds[0], "more", 4);
	T_EQ(zs_bridge(fds[1], out[1], fds[1], out[1], &(struct zs_options){ .avoid = ZS_VIA_READ_WRITE }, results), -1);
	T_EQ(results[0].error, EOPNOTSUPP);
	T_EQ(results[0].refused, ZS_VIA_SPLICE);
	T_EQ(results[0].refusal, EOPNOTSUPP);
	t_close2(fds);
	t_close2(out);
}

static void denied(void *unused)
{
	zs_pool *pool = zs_pool_new(1, 0);
	struct zs_result result;

	(void)unused;
	t_scene("splice is denied");
	MUST(pool != NULL);
	t_deny(SYS_splice, T_FAILS(ENOSYS));
	result = ends(t_file(LEN), t_file(0), pool, 0);
	OK(T_IS(result, .bytes = LEN, .copied = LEN, .via = ZS_VIA_READ_WRITE, .refused = ZS_VIA_SPLICE,
		.refusal = ENOSYS));
	zs_pool_free(pool);
}

static void without_pipes(void *unused)
{
	struct rlimit none = { 0, 0 };
	int in = t_file(LEN), out = t_file(0);
	struct zs_result result;

	(void)unused;
	t_scene("without descriptors for pipes");
	MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	result = ends(in, out, NULL, 0);
	OK(T_IS(result, .bytes = LEN, .copied = LEN, .via = ZS_VIA_READ_WRITE));
}

/* A dead output is no refusal. */
static void dead_output(void)
{
	struct t_relay it = t_relay(T_A_PIPE, T_A_UNIX, ZS_TO_END, NULL, ZS_NOSIGPIPE);
	struct zs_result result;

	t_scene("to a dead output");
	MUST(close(it.out) == 0 && write(it.in, "some", 4) == 4);
	it.out = -1;
	T_EQ(t_relay_run(it.relay, 0), -1);
	result = t_relay_result(it.relay);
	OK(T_IS(result, .in_flight = result.in_flight, .error = EPIPE, .side = ZS_SIDE_OUT));
	t_relay_close(&it);
}

int main(void)
{
	to_files();
	in_the_middle();
	T_CHILD(only_splice, NULL);
	urgent();
	T_CHILD(denied, NULL);
	T_CHILD(without_pipes, NULL);
	dead_output();
	return t_done();
}
