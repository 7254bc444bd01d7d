/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A socket that is not a stream is EPROTOTYPE on either side, since its messages would be cut and merged. No
 * message is taken or sent. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void refused(int domain, int type)
{
	static const uint64_t lens[] = { 0, 4, ZS_TO_END };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	struct zs_result result;
	int fds[2], file = t_file(100), other[2];
	char bytes[16];

	if (domain == AF_INET) {
		MUST((fds[0] = socket(AF_INET, type, 0)) >= 0 && (fds[1] = socket(AF_INET, type, 0)) >= 0);
		MUST(bind(fds[0], (struct sockaddr *)&at, sizeof at) == 0);
		MUST(getsockname(fds[0], (struct sockaddr *)&at, &len) == 0);
		MUST(connect(fds[1], (struct sockaddr *)&at, sizeof at) == 0);
	} else {
		MUST(socketpair(domain, type, 0, fds) == 0);
	}
	MUST(pipe(other) == 0 && send(fds[1], "message", 7, 0) == 7);
	for (int i = 0; i < 3; i++) {
		result = t_unwritten();
		T_EQ(zs_copy(fds[0], NULL, file, NULL, lens[i], NULL, &result), -1);
		T_EQ(errno, EPROTOTYPE);
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EPROTOTYPE));
		T_EQ(zs_copy(fds[0], NULL, other[1], NULL, lens[i], NULL, NULL), -1);
		T_EQ(errno, EPROTOTYPE);
		result = t_unwritten();
		T_EQ(zs_copy(file, NULL, fds[1], NULL, lens[i], NULL, &result), -1);
		T_EQ(errno, EPROTOTYPE);
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EPROTOTYPE));
	}
	T_EQ(recv(fds[0], bytes, sizeof bytes, MSG_DONTWAIT), 7);
	T_EQ(recv(fds[0], bytes, sizeof bytes, MSG_DONTWAIT), -1);
	T_EQ(errno, EAGAIN);
	OK(t_position(file) == 0 && t_size(file) == 100 && t_bytes_available(other[0]) == 0);
	t_close2(fds);
	t_close2(other);
	MUST(close(file) == 0);
}

int main(void)
{
	refused(AF_UNIX, SOCK_DGRAM);
	refused(AF_UNIX, SOCK_SEQPACKET);
	refused(AF_INET, SOCK_DGRAM);
	return t_done();
}
