/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The result of an error that only sockets have names the side that is a socket. Of an error that network file
 * systems have, too, it does so only where the other side is a pipe. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

static int error;

static int64_t fails(const uint64_t *a, int earlier)
{
	(void)a;
	(void)earlier;
	return -error;
}

static int sockets[2], fds[2];

static void file_to_socket(void *side)
{
	struct zs_result result = t_unwritten();
	int file = t_file(100);

	t_intercept(T_SYS_SENDFILE, fails);
	T_EQ(zs_sendfile_full(sockets[0], file, NULL, 100, 0, &result), -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = *(uint32_t *)side, .error = error));
}

static void socket_to_socket(void *side)
{
	struct zs_result result = t_unwritten();

	t_intercept(T_SYS_SENDFILE, fails);
	T_EQ(zs_sendfile_full(sockets[0], sockets[1], NULL, 100, 0, &result), -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = *(uint32_t *)side, .error = error));
}

static void pipe_to_socket(void *side)
{
	struct zs_result result = t_unwritten();

	t_intercept(SYS_splice, fails);
	T_EQ(zs_splice_full(fds[0], NULL, sockets[0], NULL, 100, 0, &result), -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = *(uint32_t *)side, .error = error));
}

static void socket_to_pipe(void *side)
{
	struct zs_result result = t_unwritten();

	t_intercept(SYS_splice, fails);
	T_EQ(zs_splice_full(sockets[0], NULL, fds[1], NULL, 100, 0, &result), -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = *(uint32_t *)side, .error = error));
}

int main(void)
{
	static const int errors[] = { ECONNRESET, ENOTCONN, ETIMEDOUT, ECONNREFUSED, ECONNABORTED,
				      EHOSTUNREACH, ENETUNREACH, ENETDOWN, EHOSTDOWN };
	uint32_t in = ZS_SIDE_IN, out = ZS_SIDE_OUT, unknown = 0;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && pipe(fds) == 0);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		int before = t_failures;

		error = errors[i];
		T_CHILD(file_to_socket, error == ECONNRESET ? &out : &unknown);
		T_CHILD(socket_to_socket, &unknown);
		T_CHILD(pipe_to_socket, &out);
		T_CHILD(socket_to_pipe, &in);
		if (t_failures > before)
			fprintf(stderr, "... %s\n", t_errno_name(error));
	}
	return t_done();
}
