/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A fan-out that avoids read and write ends with EOPNOTSUPP where only these could go on, and takes no 0 of splice(2)
 * for the end that is none. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define ONLY .avoid = ZS_VIA_READ_WRITE, .timeout_ns = T_MS(10000)

/* Two outputs that take packets only, which splice(2) does not make: the second one has no pipe of its own. */
static void packets(void *unused)
{
	int in = t_file(100000), fds[2][2], outs[2];
	struct zs_result results[2];

	(void)unused;
	for (int i = 0; i < 2; i++) {
		MUST(pipe2(fds[i], O_DIRECT) == 0);
		outs[i] = fds[i][1];
	}
	T_EQ(zs_fanout(in, NULL, outs, 2, ZS_TO_END, &(struct zs_options){ ONLY }, results), -1);
	T_EQ(errno, EOPNOTSUPP);
	for (int i = 0; i < 2; i++)
		T_EQ((int64_t)(results[i].bytes + results[i].in_flight), t_position(in));
}

/* The second output would have a pipe of its own, which tee(2) does not fill. */
static void no_tee(void *unused)
{
	static struct t_fan fan;
	int in = t_file(100000);

	(void)unused;
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_refuse(SYS_tee, EINVAL);
	T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, ONLY), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(fan.results[1].error, EOPNOTSUPP);
	T_EQ(fan.results[1].side, ZS_SIDE_CALL);
	for (size_t i = 0; i < 2; i++) {
		T_EQ((int64_t)(fan.results[i].bytes + fan.results[i].in_flight), t_position(in));
		T_EQ(t_fan_got(&fan, i), fan.results[i].bytes);
	}
}

static void urgent(void *unused)
{
	static struct t_fan fan;
	int tcp[2];

	(void)unused;
	t_tcp_pair(tcp, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	MUST(send(tcp[0], (char[]){ (char)t_pattern_at(0) }, 1, 0) == 1 && send(tcp[0], "!", 1, MSG_OOB) == 1);
	MUST(send(tcp[0], "more", 4, 0) == 4);
	T_EQ(T_FANOUT(tcp[1], NULL, &fan, ZS_TO_END, ONLY), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(fan.results[0].bytes, 1);
	T_EQ(fan.results[0].side, ZS_SIDE_CALL);
	T_EQ(t_fan_got(&fan, 0), 1);
}

/* splice(2) says 0, and goes on saying so. */
static int64_t says_0(const uint64_t *args, int earlier)
{
	(void)args;
	(void)earlier;
	return 0;
}

static void lies(void *unused)
{
	static struct t_fan fan;
	int in = t_file(100000);

	(void)unused;
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_intercept(SYS_splice, says_0);
	T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, ONLY), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(fan.results[0].bytes, 0);
	T_EQ(t_position(in), 0);
}

/* What a connection dies of may look like a refusal. It is told once; then there is an end. */
static int64_t is_prohibited_once(const uint64_t *args, int earlier)
{
	return (int)args[0] < 0 ? T_CONTINUE : earlier == 0 ? -EACCES : 0;
}

static void dies(void *unused)
{
	static struct t_fan fan;
	int tcp[2], error;
	socklen_t len = sizeof error;

	(void)unused;
	t_tcp_pair(tcp, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_reset(tcp[0]);
	MUST(poll(&(struct pollfd){ .fd = tcp[1], .events = POLLRDHUP }, 1, 5000) == 1);
	MUST(getsockopt(tcp[1], SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == ECONNRESET);
	t_intercept(SYS_splice, is_prohibited_once);
	T_EQ(T_FANOUT(tcp[1], NULL, &fan, ZS_TO_END, ONLY), -1);
	T_EQ(errno, EACCES);
	for (int i = 0; i < 2; i++) {
		T_EQ(fan.results[i].error, EACCES);
		T_EQ(fan.results[i].side, ZS_SIDE_IN);
		T_EQ(fan.results[i].bytes, 0);
	}
}

/* An input that fails when it is asked whether it has ended is blamed for that. */
static int64_t fails(const uint64_t *args, int earlier)
{
	(void)earlier;
	return args[2] == 1 && args[3] == 100000 ? -EIO : T_CONTINUE;
}

static void fails_at_the_end(void *unused)
{
	static struct t_fan fan;
	int in = t_file(100000);
	int64_t off = 0;

	(void)unused;
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_intercept(T_SYS_PREAD, fails);
	T_EQ(T_FANOUT(in, &off, &fan, ZS_TO_END, ONLY), -1);
	T_EQ(errno, EIO);
	for (int i = 0; i < 2; i++) {
		T_EQ(fan.results[i].error, EIO);
		T_EQ(fan.results[i].side, ZS_SIDE_IN);
		T_EQ(fan.results[i].bytes, 100000);
	}
	T_EQ(off, 100000);
}

/* All outputs die while the input is silent. */
static void all_die(void *unused)
{
	struct t_later later[2];
	struct zs_result results[2];
	int in[2], fds[2][2], outs[2];

	(void)unused;
	MUST(pipe(in) == 0);
	for (int i = 0; i < 2; i++) {
		MUST(pipe(fds[i]) == 0);
		outs[i] = fds[i][1];
		later[i] = (struct t_later){ .ms = 20 * (i + 1), .fd = fds[i][0], .close = 1 };
		MUST(pthread_detach(t_later(&later[i])) == 0);
	}
	T_EQ(zs_fanout(in[0], NULL, outs, 2, ZS_TO_END, &(struct zs_options){ ONLY,
	     .flags = ZS_DROP_FAILED | ZS_NOSIGPIPE }, results), -1);
	T_EQ(errno, EPIPE);
	for (int i = 0; i < 2; i++) {
		T_EQ(results[i].error, EPIPE);
		T_EQ(results[i].side, ZS_SIDE_OUT);
		T_EQ(results[i].bytes, 0);
		T_EQ(results[i].in_flight, 0);
	}
}

int main(void)
{
	T_CHILD(packets, NULL);
	T_CHILD(no_tee, NULL);
	T_CHILD(urgent, NULL);
	T_CHILD(lies, NULL);
	T_CHILD(dies, NULL);
	T_CHILD(fails_at_the_end, NULL);
	T_CHILD(all_die, NULL);
	return t_done();
}
