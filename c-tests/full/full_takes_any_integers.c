/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any integer in any argument: an error or a count, never a crash, a hang or a result that is not
 * filled in. Descriptors are ones that do no harm and do not block, or none. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int kind[12];

static int any_fd(void)
{
	uint64_t bits = random_bits();

	switch (bits % 8) {
	case 0: return -1 - (int)(bits >> 40) % 1000;
	case 1: return INT_MAX - (int)(bits >> 40) % 10;
	case 2: return INT_MIN + (int)(bits >> 40) % 10;
	case 3: return 100000 + (int)(bits >> 34) % 1000000000;
	default: return kind[(bits >> 20) % 12];
	}
}

static int64_t any_number(void)
{
	static const int64_t edges[] = { 0, 1, -1, 4096, INT_MAX, (int64_t)1 << 32, INT64_MAX, INT64_MIN };
	uint64_t bits = random_bits();

	return (int64_t)(bits % 3 == 0 ? random_bits() : (uint64_t)edges[(bits >> 8) % 8] + (bits >> 62));
}

int main(void)
{
	int pipes[4], sock[2], file = t_file(100), outcomes[2] = { 0, 0 };

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	MUST(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 20, 1 << 20 }) == 0);
	MUST(pipe2(pipes, O_NONBLOCK) == 0 && pipe2(pipes + 2, O_NONBLOCK) == 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sock) == 0);
	for (int i = 0; i < 4; i++)
		kind[i] = pipes[i];
	kind[4] = file;
	kind[5] = t_reopen(file, O_RDONLY);
	kind[6] = t_reopen(file, O_PATH);
	kind[7] = t_reopen(file, O_WRONLY | O_APPEND);
	kind[8] = sock[0];
	kind[9] = sock[1];
	MUST((kind[10] = open("/", O_RDONLY)) >= 0 && (kind[11] = open("/dev/null", O_RDWR)) >= 0);

	for (int i = 0; i < 40000; i++) {
		struct zs_result result = t_unwritten();
		int a = any_fd(), b = any_fd(), c = any_fd();
		int64_t off_a = any_number(), off_b = any_number(), moved;
		int64_t *at_a = random_bits() & 1 ? &off_a : NULL, *at_b = random_bits() & 1 ? &off_b : NULL;
		uint64_t len = (uint64_t)any_number();
		unsigned int flags = random_bits() & 1 ? (unsigned int)random_bits() : 0;

		/* No call waits. */
		flags |= SPLICE_F_NONBLOCK;
		switch (random_bits() % 4) {
		case 0:
			moved = zs_splice_full(a, at_a, b, at_b, len, flags & 0xff, &result);
			break;
		case 1:
			flags = random_bits() & 1 ? flags : 0;
			moved = zs_copy_range_full(a, at_a, b, at_b, len, flags, &result);
			break;
		case 2:
			flags = random_bits() & 1 ? flags : SPLICE_F_NONBLOCK;
			moved = zs_sendfile_full(a, b, at_b, len, flags, &result);
			break;
		default:
			moved = zs_tee_full(a, b, c, len, flags, &result);
			break;
		}
		outcomes[moved < 0]++;
		if (!OK(moved >= -1 && (moved == -1 ? result.error == errno && errno > 0 : result.error == 0)))
			break;
		if (!OK((moved == -1 || result.bytes == (uint64_t)moved) && result.spare[1] == 0
			&& result.copied == 0 && result.holes == 0 && result.side <= 3
			&& (result.bytes == 0 || result.via != 0)))
			break;
	}
	OK(outcomes[0] > 100 && outcomes[1] > 100);
	return t_done();
}
