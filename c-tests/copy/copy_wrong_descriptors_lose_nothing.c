/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A descriptor that is closed, a directory, or opened for the other direction is the error that read(2) and
 * write(2) have for it, and a pipe or socket on the other side still holds what it held. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static int stream[2], unix_stream[2], tcp[2], file, sink[2];

static void bad_output(int out, int error)
{
	int ins[] = { stream[0], unix_stream[0], tcp[0], file };

	for (int i = 0; i < 4; i++) {
		static const uint64_t lens[] = { 4, ZS_TO_END };

		for (int l = 0; l < 2; l++) {
			struct zs_result result = t_unwritten();

			if (!OK(zs_copy(ins[i], NULL, out, NULL, lens[l], NULL, &result) == -1 &&
				errno == error))
				fprintf(stderr, "... output %d, input %d\n", out, i);
			T_EQ(result.bytes, 0);
			T_EQ(result.in_flight, 0);
			T_EQ(result.error, error);
			OK(result.side == ZS_SIDE_CALL || result.side == ZS_SIDE_OUT || result.side == 0);
		}
	}
	OK(t_bytes_available(stream[0]) == 4 && t_bytes_available(unix_stream[0]) == 4 && t_bytes_available(tcp[0]) == 4);
	T_EQ(t_position(file), 0);
}

static void bad_input(int in, int error)
{
	int outs[] = { sink[1], unix_stream[1], tcp[1], file };

	for (int i = 0; i < 4; i++) {
		struct zs_result result = t_unwritten();

		if (!OK(zs_copy(in, NULL, outs[i], NULL, ZS_TO_END, NULL, &result) == -1 && errno == error))
			fprintf(stderr, "... input %d, output %d\n", in, i);
		T_EQ(result.bytes, 0);
		T_EQ(result.in_flight, 0);
		T_EQ(result.error, error);
		OK(result.side == ZS_SIDE_CALL || result.side == ZS_SIDE_IN || result.side == 0);
	}
	OK(t_bytes_available(sink[0]) == 0 && t_bytes_available(unix_stream[0]) == 4 && t_bytes_available(tcp[0]) == 4);
	T_EQ(t_size(file), 1 << 20);
}

int main(void)
{
	int closed = 999, folder = open(".", O_RDONLY), opened, name;

	MUST(fcntl(closed, F_GETFD) == -1 && folder >= 0);
	file = t_file(1 << 20);
	MUST(pipe(stream) == 0 && pipe(sink) == 0);
	t_stream(T_A_UNIX, unix_stream);
	t_stream(T_A_TCP, tcp);
	MUST(write(stream[1], "four", 4) == 4 && write(unix_stream[1], "four", 4) == 4);
	MUST(write(tcp[1], "four", 4) == 4);
	MUST(poll(&(struct pollfd){ .fd = tcp[0], .events = POLLIN }, 1, -1) == 1);
	opened = t_file(100);
	name = t_reopen(opened, O_PATH);

	bad_output(closed, EBADF);
	bad_output(-1, EBADF);
	bad_output(INT_MAX, EBADF);
	bad_output(name, EBADF);
	bad_output(folder, EBADF);
	bad_output(t_reopen(opened, O_RDONLY), EBADF);
	bad_output(open("/dev/null", O_RDONLY), EBADF);
	bad_output(sink[0], EBADF);
	bad_input(closed, EBADF);
	bad_input(-1, EBADF);
	bad_input(name, EBADF);
	bad_input(t_reopen(opened, O_WRONLY), EBADF);
	bad_input(open("/dev/null", O_WRONLY), EBADF);
	bad_input(stream[1], EBADF);
	bad_input(folder, EISDIR);
	T_EQ(t_size(opened), 100);

	/* Descriptors are looked at where there is nothing to copy, too. */
	T_EQ(zs_copy(closed, NULL, file, NULL, 0, NULL, NULL), -1);
	T_EQ(errno, EBADF);
	T_EQ(zs_copy(file, NULL, closed, NULL, 0, NULL, NULL), -1);
	T_EQ(errno, EBADF);
	errno = 123;
	T_EQ(zs_copy(file, NULL, sink[1], NULL, 0, NULL, NULL), 0);
	T_EQ(errno, 123);
	return t_done();
}
