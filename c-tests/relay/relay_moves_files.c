/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Regular files on either side are never waited for, and read and written at their positions, with or without
 * O_NONBLOCK. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static void from_file(enum t_stream out, size_t len, uint64_t bound, int proc, zs_pool *pool, unsigned int flags)
{
	int fds[2], file = proc ? open("/proc/self/status", O_RDONLY) : t_file(len), wanted;
	size_t got = 0, most = bound < len ? (size_t)bound : len;
	char bytes[4096];
	zs_relay *relay;
	ssize_t n;

	t_stream(out, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	MUST((relay = zs_relay_new(file, fds[1], bound, pool, flags | ZS_RELAY_SHUTDOWN)) != NULL);
	do {
		OK((wanted = t_relay_run(relay, 0)) == 0 || wanted == ZS_WANT_WRITE);
		if (!proc)
			got += t_pull(fds[0], SIZE_MAX, got);
		while (proc && (n = read(fds[0], bytes, sizeof bytes)) > 0)
			got += (size_t)n;
		if (wanted)
			t_sleep_ms(out == T_A_PTY);
	} while (wanted > 0);
	for (int i = 0; i < 100 && got < most; i++, t_sleep_ms(1))
		got += t_pull(fds[0], SIZE_MAX, got);
	OK(proc ? got > 500 : got == most);
	if (T_EQ(t_relay_result(relay).bytes, got))
		T_EQ(t_position(file), (int64_t)got);
	zs_relay_free(relay);
	t_close2(fds);
	MUST(close(file) == 0);
}

static void to_file(enum t_stream in, int append, unsigned int flags)
{
	int fds[2], file = t_file(5000), out = t_reopen(file, O_WRONLY | (append ? O_APPEND : 0)), wanted;
	size_t pushed = 0, len = in == T_A_PTY ? 5000 : 200000;
	zs_relay *relay;

	t_stream(in, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	MUST(lseek(out, 4000, SEEK_SET) == 4000);
	MUST((relay = zs_relay_new(fds[0], out, len, NULL, flags | ZS_RELAY_SHUTDOWN)) != NULL);
	for (int i = 0; i < 10000; i++) {
		pushed += t_push(fds[1], len - pushed, pushed);
		if (!OK((wanted = t_relay_run(relay, 0)) == 0 || wanted == ZS_WANT_READ) || wanted == 0)
			break;
	}
	if (T_EQ(wanted, 0))
		T_EQ(t_relay_result(relay).bytes, len);
	OK(t_has_pattern(file, append ? 5000 : 4000, len, 0) && t_has_pattern(file, 0, append ? 5000 : 4000, 0));
	T_EQ(t_size(file), (int64_t)len + (append ? 5000 : 4000));
	zs_relay_free(relay);
	t_close2(fds);
	MUST(close(file) == 0 && close(out) == 0);
}

/* A file that takes no more: how much it has, and how much is in flight. */
static void full(enum t_stream in)
{
	struct rlimit limit = { 6000, RLIM_INFINITY };
	int fds[2], file = t_file(0);
	struct zs_result result;
	char *rest = malloc(100000);
	zs_relay *relay;
	size_t pushed;

	t_stream(in, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	MUST(rest && signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	MUST((pushed = t_push(fds[1], 60000, 0)) > 6000);
	MUST((relay = zs_relay_new(fds[0], file, ZS_TO_END, NULL, 0)) != NULL);
	T_EQ(t_relay_run(relay, 0), -1);
	T_EQ(errno, EFBIG);
	result = t_relay_result(relay);
	if (T_EQ(result.bytes, 6000) && T_EQ(result.side, ZS_SIDE_OUT))
		T_EQ(t_size(file), 6000);
	T_EQ(6000 + result.in_flight + (size_t)t_bytes_available(fds[0]), pushed);
	T_EQ(zs_relay_take(relay, rest, 100000), (ssize_t)result.in_flight);
	OK(t_is_pattern(rest, result.in_flight, 6000) && t_has_pattern(file, 0, 6000, 0));
	zs_relay_free(relay);
	t_close2(fds);
	MUST(close(file) == 0);
	free(rest);
}

static void all_full(void *argument)
{
	(void)argument;
	full(T_A_PIPE);
	full(T_A_UNIX);
	full(T_A_TCP);
}

int main(void)
{
	static const size_t lens[] = { 0, 10, 16384, 20000, 300000 };
	/* Static, so that the children, which do not free it, do not leak it either. */
	static zs_pool *pool;

	MUST((pool = zs_pool_new(1, 0)) != NULL);
	for (int out = 0; out < T_STREAMS; out++)
		for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
			size_t len = out == T_A_PTY && lens[i] > 20000 ? 20000 : lens[i];

			from_file((enum t_stream)out, len, ZS_TO_END, 0, pool, 0);
			from_file((enum t_stream)out, len, 12345, 0, NULL, 0);
			from_file((enum t_stream)out, len, ZS_TO_END, 0, NULL, ZS_STABLE);
			from_file((enum t_stream)out, len, ZS_TO_END, 0, NULL, ZS_STABLE | ZS_RELAY_LEVEL);
			from_file((enum t_stream)out, 0, ZS_TO_END, 1, NULL, ZS_RELAY_LEVEL);
		}
	for (int in = 0; in < T_STREAMS; in++)
		for (int append = 0; append < 2; append++) {
			to_file((enum t_stream)in, append, 0);
			to_file((enum t_stream)in, append, ZS_STABLE);
			to_file((enum t_stream)in, append, ZS_RELAY_LEVEL);
		}
	T_CHILD(all_full, NULL);
	zs_pool_free(pool);
	return t_done();
}
