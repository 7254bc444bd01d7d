/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A bridge that avoids read and write ends well where splice(2) can do it all. Where it cannot - an output that
 * appends, urgent data - it ends with EOPNOTSUPP and accounts for every byte, and a pipe that is full by slots is no
 * reason to end at all. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"

#define LEN 100000

/* From a to `out`; the way back has ended. */
static int bridged(const struct t_side *a, int out, struct zs_result results[2], int ms)
{
	int back[2], returned;

	MUST(pipe(back) == 0 && close(back[1]) == 0);
	errno = 0;
	returned = zs_bridge(a->in, a->out, back[0], out, &(struct zs_options){ .avoid = ZS_VIA_READ_WRITE,
			     .timeout_ns = T_MS(ms), .flags = ZS_NOSIGPIPE }, results);
	MUST(close(back[0]) == 0);
	return returned;
}

static void appends(int nonblock)
{
	int file = t_file(10), out = t_reopen(file, O_WRONLY | O_APPEND);
	struct zs_result results[2];
	struct t_side a;

	t_scene("to a file that appends, nonblock %d", nonblock);
	t_side(&a, T_BY_UNIX, nonblock, LEN, 0);
	a.writer = t_thread(t_side_write, &a);
	T_EQ(bridged(&a, out, results, 10000), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(results[0].side, ZS_SIDE_CALL);
	T_EQ(results[0].bytes, 0);
	T_EQ(t_size(file), 10);
	OK(t_gives_pattern(a.in, LEN - results[0].in_flight, results[0].in_flight));
	t_join(a.writer);
	MUST(close(a.in) == 0 && close(a.far_in) == 0 && close(file) == 0 && close(out) == 0);
}

/* What only a read would tell - whether a device has ended - is not asked. */
static void dead_pipe(uint32_t flags)
{
	struct zs_result results[2];
	int zero = open("/dev/zero", O_RDONLY), out[2], back[2], returned;

	t_scene("from a device to a pipe without a reader, flags %#x", flags);
	MUST(zero >= 0 && pipe(out) == 0 && pipe(back) == 0 && close(out[0]) == 0 && close(back[1]) == 0);
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	returned = zs_bridge(zero, out[1], back[0], out[1], &(struct zs_options){ .avoid = ZS_VIA_READ_WRITE,
			     .timeout_ns = T_MS(10000), .flags = flags }, results);
	T_EQ(returned, -1);
	T_EQ(results[0].error, EPIPE);
	T_EQ(results[0].side, ZS_SIDE_OUT);
	T_EQ(results[0].in_flight, 0);
	T_EQ(results[0].via, 0);
	MUST(close(zero) == 0 && close(out[1]) == 0 && close(back[0]) == 0);
}

static void urgent(int nonblock, enum t_stream to)
{
	struct zs_result results[2];
	struct t_side a;
	int out[2];
	char bytes[8];

	t_scene("urgent data to a %s, nonblock %d", t_stream_name(to), nonblock);
	t_side(&a, T_BY_TCP, nonblock, 0, 0);
	t_stream(to, out);
	t_write(a.far_out, "abc", 3);
	MUST(send(a.far_out, "!", 1, MSG_OOB) == 1 && send(a.far_out, "more", 4, 0) == 4);
	T_EQ(bridged(&a, out[1], results, 10000), -1);
	T_EQ(errno, EOPNOTSUPP);
	T_EQ(results[0].side, ZS_SIDE_CALL);
	T_EQ(results[0].bytes, 3);
	T_EQ(results[0].in_flight, 0);
	OK(t_read(out[0], bytes, 3) == 3 && memcmp(bytes, "abc", 3) == 0);
	OK(t_read(a.in, bytes, 4) == 4 && memcmp(bytes, "more", 4) == 0);
	MUST(close(a.in) == 0 && close(a.far_in) == 0);
	t_close2(out);
}

/* A reset is met, although the output is full. */
static void reset(int nonblock)
{
	struct zs_result results[2];
	struct t_side a;
	int out[2];

	t_scene("a reset, to a full pipe, nonblock %d", nonblock);
	t_side(&a, T_BY_TCP, nonblock, 0, 0);
	MUST(pipe(out) == 0);
	(void)t_fill_pipe(out[1]);
	t_reset(a.far_in);
	MUST(poll(&(struct pollfd){ .fd = a.in, .events = POLLRDHUP }, 1, 5000) == 1);
	T_EQ(bridged(&a, out[1], results, 10000), -1);
	T_EQ(errno, ECONNRESET);
	T_EQ(results[0].error, ECONNRESET);
	T_EQ(results[0].side, ZS_SIDE_IN);
	MUST(close(a.in) == 0);
	t_close2(out);
}

/* Each of these pieces takes a slot of the pipe in between. */
static void full_by_slots(int nonblock)
{
	enum { PIECE = 50 };
	struct zs_result results[2];
	struct t_side a, b;
	size_t pushed = 0, before;
	int size = 1 << 20;
	char bytes[PIECE];

	t_scene("a pipe that is full by slots, nonblock %d", nonblock);
	t_side(&a, T_BY_UNIX, nonblock, 0, 0);
	t_side(&b, T_BY_UNIX, nonblock, 0, 0);
	MUST(setsockopt(a.far_out, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	before = t_fill_socket(b.out);
	for (; pushed < 400 * PIECE; pushed += PIECE) {
		t_pattern(bytes, PIECE, pushed);
		if (send(a.far_out, bytes, PIECE, MSG_DONTWAIT) != PIECE)
			break;
	}
	MUST(pushed > 260 * PIECE); /* a pipe of 1 MiB has 256 slots */
	T_EQ(bridged(&a, b.out, results, 100), -1);
	T_EQ(errno, ETIMEDOUT);
	T_EQ(results[0].bytes, 0);
	T_EQ(results[0].in_flight, 256 * PIECE);
	OK(t_gives_pattern(a.in, pushed - 256 * PIECE, 256 * PIECE));
	t_drain(b.far_in, before);
	MUST(close(a.in) == 0 && close(a.far_in) == 0 && close(b.in) == 0 && close(b.far_in) == 0);
}

/* No read(2) of one byte tells whether such a file has ended. */
static void direct(void)
{
	int file = t_file(2 * T_PAGE), out[2];
	struct zs_result results[2];
	struct t_side a = { .out = -1 };
	char name[64];

	t_scene("from a file with O_DIRECT");
	snprintf(name, sizeof name, "/proc/self/fd/%d", file);
	if ((a.in = open(name, O_RDONLY | O_DIRECT)) < 0)
		return; /* such a file system */
	MUST(pipe(out) == 0 && (a.out = open("/dev/null", O_WRONLY)) >= 0);
	T_EQ(bridged(&a, out[1], results, 10000), 0);
	T_EQ(results[0].bytes, 2 * T_PAGE);
	OK(t_gives_pattern(out[0], 2 * T_PAGE, 0));
	MUST(close(a.in) == 0 && close(a.out) == 0 && close(file) == 0);
	t_close2(out);
}

int main(void)
{
	dead_pipe(0);
	dead_pipe(ZS_NOSIGPIPE);
	for (int nonblock = 0; nonblock < 2; nonblock++) {
		appends(nonblock);
		urgent(nonblock, T_A_PIPE);
		urgent(nonblock, T_A_UNIX);
		reset(nonblock);
		full_by_slots(nonblock);
	}
	direct();
	return t_done();
}
