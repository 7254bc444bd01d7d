/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A full disk, or a file that may not grow: the file has exactly what the result says, nothing is lost, and
 * what was taken and not stored can be taken back and written elsewhere. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define LEN 700000
#define FROM_FILE T_STREAMS
#define LIMIT 234567

static char back[LEN];
static int content;

/* From a file or a stream into `file`, which takes less than that and fails with `error`. */
static void full(int from, int file, int error, zs_pool *pool, unsigned int flags)
{
	struct t_relay it = t_relay_fds(from == FROM_FILE ? T_A_UNIX : (enum t_stream)from, T_A_PIPE);
	int source = from == FROM_FILE ? content : it.fd_in, wanted;
	size_t pushed = 0, taken = 0, gone;
	struct zs_result result;
	ssize_t n;

	MUST(lseek(content, 0, SEEK_SET) == 0);
	MUST((it.relay = zs_relay_new(source, file, ZS_TO_END, pool, flags)) != NULL);
	do {
		if (from != FROM_FILE)
			pushed += t_push(it.in, LEN - pushed, pushed);
		wanted = t_relay_run(it.relay, 0);
	} while (wanted > 0);
	T_EQ(wanted, -1);
	T_EQ(errno, error);
	T_EQ(t_relay_run(it.relay, 0), -1);
	T_EQ(errno, error);
	result = t_relay_result(it.relay);
	OK(result.side == ZS_SIDE_OUT && result.bytes > 0 && (error != EFBIG || result.bytes == LIMIT));
	if (T_EQ(t_size(file), (int64_t)result.bytes))
		T_EQ(t_position(file), t_size(file));
	OK(t_has_pattern(file, 0, result.bytes, 0));
	gone = result.bytes + result.in_flight;
	if (from == FROM_FILE)
		T_EQ(t_position(source), (int64_t)gone);
	while ((n = zs_relay_take(it.relay, back + taken, 4097)) > 0) {
		taken += (size_t)n;
		T_EQ(t_relay_result(it.relay).in_flight, result.in_flight - taken);
	}
	if (T_EQ(n, 0) && T_EQ(taken, result.in_flight))
		OK(t_is_pattern(back, taken, result.bytes));
	/* The input continues right after that. */
	if (from != FROM_FILE)
		OK(t_gives_pattern(source, pushed - gone, gone));
	t_relay_close(&it);
}

static void all(const char *folder, int error)
{
	static const unsigned int flags[] = { 0, ZS_STABLE, ZS_RELAY_LEVEL | ZS_RELAY_SHUTDOWN };
	zs_pool *pool = zs_pool_new(1, 0);

	MUST(pool != NULL);
	for (int from = 0; from <= FROM_FILE; from++)
		for (int i = 0; i < 3; i++) {
			int failures = t_failures, file = t_new_in(folder);

			full(from, file, error, i ? NULL : pool, flags[i]);
			if (t_failures > failures)
				fprintf(stderr, "... from %d flags %s error %s\n", from,
					t_flag_words(flags[i]), t_errno_name(error));
			MUST(close(file) == 0);
		}
	zs_pool_free(pool);
}

static void limited(void *argument)
{
	struct rlimit limit = { LIMIT, RLIM_INFINITY };

	(void)argument;
	MUST(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
	all(".", EFBIG);
}

int main(void)
{
	content = t_file(LEN);
	T_CHILD(limited, NULL);
	t_own_mounts();
	if (!t_mount("small", "tmpfs", "size=256k"))
		t_skip("a tmpfs cannot be mounted here");
	all("small", ENOSPC);
	return t_done();
}
