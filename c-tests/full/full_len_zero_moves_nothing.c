/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A length of 0 moves nothing and waits for nothing. Errors of the other arguments are those of the single
 * call. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

/* The outcome of the call and of the function must be the same. */
static void same(ssize_t call, int call_error, int64_t full, int full_error, struct zs_result result)
{
	T_EQ(full, call);
	OK(call == 0 ? full_error == 123 : full_error == call_error);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 0);
	T_EQ(result.via, 0);
	T_EQ(result.spare[1], 0);
	T_EQ(result.error, call == 0 ? 0 : call_error);
	OK(call != 0 || result.side == 0);
}

int main(void)
{
	int empty[2], out[2], file = t_file(10), closed = 987;

	MUST(pipe(empty) == 0 && pipe(out) == 0);
	for (int i = 0; i < 3; i++) {
		int from[] = { empty[0], file, closed };
		int fd = from[i], call_error;
		struct zs_result result;
		ssize_t call;
		int64_t full;

		call = zs_splice(fd, NULL, out[1], NULL, 0, 0);
		call_error = errno;
		errno = 123;
		result = t_unwritten();
		full = zs_splice_full(fd, NULL, out[1], NULL, 0, 0, &result);
		same(call, call_error, full, errno, result);

		call = zs_copy_range(fd, NULL, file, &(int64_t){ 100 }, 0, 0);
		call_error = errno;
		errno = 123;
		result = t_unwritten();
		full = zs_copy_range_full(fd, NULL, file, &(int64_t){ 100 }, 0, 0, &result);
		same(call, call_error, full, errno, result);

		call = zs_sendfile(out[1], fd, NULL, 0);
		call_error = errno;
		errno = 123;
		result = t_unwritten();
		full = zs_sendfile_full(out[1], fd, NULL, 0, 0, &result);
		same(call, call_error, full, errno, result);

		call = zs_tee(fd, out[1], 0, 0);
		call_error = errno;
		errno = 123;
		result = t_unwritten();
		full = zs_tee_full(fd, out[1], file, 0, 0, &result);
		same(call, call_error, full, errno, result);
	}
	if (T_EQ(t_bytes_available(out[0]), 0))
		T_EQ(lseek(file, 0, SEEK_END), 10);
	return t_done();
}
