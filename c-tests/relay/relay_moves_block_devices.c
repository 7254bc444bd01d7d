/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A block device on either side is treated like a file: it is never waited for, read and written at its
 * position, ends at its size, and takes no more than that. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define MIB 2
#define SIZE ((size_t)MIB << 20)
#define ODD 123457

static char back[SIZE];
static int device;

static void from_device(enum t_stream out, uint64_t len, zs_pool *pool, unsigned int flags)
{
	const uint64_t from = len == ZS_TO_END ? SIZE - 400000 : ODD, most = len == ZS_TO_END ? 400000 : len;
	size_t got = 0;
	int fds[2], wanted;
	zs_relay *relay;

	t_stream(out, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	MUST(lseek(device, (off_t)from, SEEK_SET) == (off_t)from);
	MUST((relay = zs_relay_new(device, fds[1], len, pool, flags)) != NULL);
	do {
		OK((wanted = t_relay_run(relay, 0)) == 0 || wanted == ZS_WANT_WRITE);
		got += t_pull(fds[0], SIZE_MAX, from + got);
	} while (wanted > 0);
	for (int i = 0; i < 100 && got < most; i++, t_sleep_ms(1))
		got += t_pull(fds[0], SIZE_MAX, from + got);
	if (T_EQ(wanted, 0) && T_EQ(got, most))
		T_EQ(t_relay_result(relay).bytes, most);
	T_EQ(t_position(device), (int64_t)(from + most));
	zs_relay_free(relay);
	t_close2(fds);
}

/* What it held before differs from what is written. */
static void to_device(enum t_stream in, uint64_t at, zs_pool *pool, unsigned int flags)
{
	const size_t room = SIZE - at, len = at == ODD ? 300000 : room + 300000;
	struct t_relay it = t_relay_fds(in, T_A_PIPE);
	size_t pushed = 0, taken;
	struct zs_result result;
	int wanted;

	MUST(lseek(device, (off_t)at, SEEK_SET) == (off_t)at);
	MUST((it.relay = zs_relay_new(it.fd_in, device, len, pool, flags)) != NULL);
	do {
		pushed += t_push(it.in, len - pushed, at + 7 + pushed);
		wanted = t_relay_run(it.relay, 0);
		OK(wanted <= 0 || wanted == ZS_WANT_READ || wanted == ZS_WANT_RUN);
	} while (wanted > 0);
	result = t_relay_result(it.relay);
	OK(t_has_pattern(device, (int64_t)at, result.bytes, at + 7));
	T_EQ(t_position(device), (int64_t)(at + result.bytes));
	if (len <= room) {
		T_EQ(wanted, 0);
		T_EQ(result.bytes, len);
	} else {
		T_EQ(wanted, -1);
		T_EQ(errno, ENOSPC);
		T_EQ(result.side, ZS_SIDE_OUT);
		T_EQ(result.bytes, room);
		taken = (size_t)zs_relay_take(it.relay, back, sizeof back);
		if (T_EQ(taken, result.in_flight))
			OK(t_is_pattern(back, taken, at + 7 + room));
		OK(t_gives_pattern(it.fd_in, pushed - room - taken, at + 7 + room + taken));
	}
	t_relay_close(&it);
}

/* To a file and back. */
static void with_files(unsigned int flags)
{
	int source = t_file(SIZE), file = t_file(0);
	zs_relay *relay;

	MUST(lseek(device, 0, SEEK_SET) == 0);
	MUST((relay = zs_relay_new(source, device, ZS_TO_END, NULL, flags)) != NULL);
	while (t_relay_run(relay, 0) == ZS_WANT_RUN)
		;
	if (T_EQ(t_relay_run(relay, 0), 0))
		OK(t_has_pattern(device, 0, SIZE, 0));
	zs_relay_free(relay);
	MUST(lseek(device, 0, SEEK_SET) == 0);
	MUST((relay = zs_relay_new(device, file, ZS_TO_END, NULL, flags)) != NULL);
	while (t_relay_run(relay, 0) == ZS_WANT_RUN)
		;
	OK(t_relay_run(relay, 0) == 0 && t_size(file) == (int64_t)SIZE && t_has_pattern(file, 0, SIZE, 0));
	zs_relay_free(relay);
	MUST(close(source) == 0 && close(file) == 0);
}

int main(void)
{
	zs_pool *pool = zs_pool_new(1, 0);
	char name[64];

	if ((device = t_loop("image", MIB, name, sizeof name)) < 0)
		t_skip("there is no loop device here");
	MUST(pool && unlink("image") == 0);
	t_put_pattern(device, 0, SIZE, 0);
	for (int kind = 0; kind < T_STREAMS; kind++) {
		unsigned int flags = kind & 1 ? ZS_RELAY_LEVEL : ZS_RELAY_SHUTDOWN;

		from_device((enum t_stream)kind, ZS_TO_END, pool, flags);
		from_device((enum t_stream)kind, ODD, NULL, flags | ZS_STABLE);
		from_device((enum t_stream)kind, 10, pool, flags);
	}
	for (int kind = 0; kind < T_STREAMS; kind++)
		for (int stable = 0; stable < 2; stable++) {
			t_put_pattern(device, 0, SIZE, 1);
			to_device((enum t_stream)kind, ODD, stable ? pool : NULL, stable ? ZS_STABLE : 0);
			to_device((enum t_stream)kind, SIZE - 200001, stable ? NULL : pool, stable ? ZS_STABLE : 0);
		}
	with_files(0);
	with_files(ZS_STABLE);
	zs_pool_free(pool);
	MUST(close(device) == 0);
	return t_done();
}
