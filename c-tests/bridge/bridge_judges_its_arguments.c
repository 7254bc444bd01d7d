/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Invalid arguments are refused before anything is moved, and both results have the error. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void refused(int in_a, int out_a, int in_b, int out_b, const struct zs_options *options, int error)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };

	errno = 0;
	T_EQ(zs_bridge(in_a, out_a, in_b, out_b, options, results), -1);
	T_EQ(errno, error);
	OK(T_IS(results[0], .error = error, .side = ZS_SIDE_CALL));
	OK(T_IS(results[1], .index = 1, .error = error, .side = ZS_SIDE_CALL));
	errno = 0;
	T_EQ(zs_bridge(in_a, out_a, in_b, out_b, options, NULL), -1);
	T_EQ(errno, error);
}

int main(void)
{
	/* Options of a later version: the first that are unknown here are not 0. */
	static const struct zs_options later[2] = { { .size = sizeof later }, { .size = 1 } };
	int a[2], b[2], dgram[2], records[2], closed, udp = socket(AF_INET, SOCK_DGRAM, 0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, a) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, b) == 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, dgram) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, records) == 0);
	MUST(udp >= 0 && (closed = dup(a[0])) >= 0 && close(closed) == 0);
	MUST(write(a[1], "some", 4) == 4);
	for (int i = 0; i < 3; i++) {
		int fds[4] = { a[0], a[0], b[0], b[0] }, bad[] = { closed, -1, INT_MAX };

		for (int at = 0; at < 4; at++) {
			fds[at] = bad[i];
			refused(fds[0], fds[1], fds[2], fds[3], NULL, EBADF);
			fds[at] = i == 0 ? dgram[0] : i == 1 ? records[0] : udp;
			refused(fds[0], fds[1], fds[2], fds[3], NULL, EPROTOTYPE);
			fds[at] = at < 2 ? a[0] : b[0];
		}
	}
	for (uint32_t bit = 1; bit != 0; bit <<= 1)
		if (!(bit & 0x1bde))
			refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .flags = bit }, EINVAL);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .flags = ZS_DROP_FAILED }, EINVAL);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .timeout_ns = -1 }, EINVAL);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .half_idle_ns = -1 }, EINVAL);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .idle_ns = INT64_MIN }, EINVAL);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .size = 47 }, EINVAL);
	refused(a[0], a[0], b[0], b[0], later, E2BIG);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = -1 }, EBADF);
	refused(a[0], a[0], b[0], b[0], &(struct zs_options){ .flags = ZS_CANCEL_FD, .cancel_fd = closed }, EBADF);
	if (T_EQ(t_bytes_available(a[0]), 4))
		T_EQ(t_bytes_available(b[1]), 0);
	/* Descriptors are the only arguments that are needed. */
	MUST(shutdown(a[1], SHUT_WR) == 0 && shutdown(b[1], SHUT_WR) == 0);
	if (T_EQ(zs_bridge(a[0], a[0], b[0], b[0], NULL, NULL), 0))
		T_EQ(t_bytes_available(b[1]), 4);
	return t_done();
}
