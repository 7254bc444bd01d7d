/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Descriptors that are closed, of the wrong kind, or opened for the other direction: the error is that of the
 * single call, the result is complete, and nothing moves. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

enum { CLOSED, NEGATIVE, READ_ONLY, WRITE_ONLY, PATH_ONLY, FOLDER, STATUS, SINK, READ_END, WRITE_END,
       UNCONNECTED, GOOD, KINDS };

static int fds[KINDS];

/* The count and errno of the call and of the function, with the same arguments. */
static void same(const char *name, int in, int out, int64_t call, int call_error, int64_t full,
		 struct zs_result result)
{
	int error = errno, before = t_failures;

	if (T_EQ(call, full))
		OK((call == 0 || error == call_error));
	T_EQ(result.error, call == 0 ? 0 : call_error);
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 0);
	T_EQ(result.copied, 0);
	T_EQ(result.holes, 0);
	T_EQ(result.via, 0);
	T_EQ(result.spare[0], 0);
	T_EQ(result.spare[1], 0);
	OK(result.error == EBADF ? result.side == ZS_SIDE_CALL : result.side <= ZS_SIDE_CALL);
	OK(result.error == EPIPE ? result.side == ZS_SIDE_OUT : 1);
	OK(result.error == ENOTCONN ? result.side == ZS_SIDE_IN : 1);
	if (t_failures != before)
		fprintf(stderr, "... %s from %d to %d: %lld (%s)\n", name, in, out, (long long)call,
			t_errno_name(call_error));
}

int main(void)
{
	int file = t_file(10), full[2], pipe_fds[2], errors = 0;

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	MUST(pipe2(pipe_fds, O_NONBLOCK) == 0 && pipe2(full, O_NONBLOCK) == 0);
	fds[CLOSED] = 987;
	fds[NEGATIVE] = -1;
	fds[READ_ONLY] = t_reopen(file, O_RDONLY);
	fds[WRITE_ONLY] = t_reopen(file, O_WRONLY);
	MUST(lseek(fds[READ_ONLY], 10, SEEK_SET) == 10 && lseek(fds[WRITE_ONLY], 10, SEEK_SET) == 10);
	fds[PATH_ONLY] = t_reopen(file, O_PATH);
	MUST((fds[FOLDER] = open("/", O_RDONLY)) >= 0);
	MUST((fds[STATUS] = open("/proc/self/status", O_RDONLY)) >= 0);
	MUST((fds[SINK] = open("/dev/null", O_RDWR)) >= 0);
	fds[READ_END] = pipe_fds[0];
	fds[WRITE_END] = full[1];
	MUST((fds[UNCONNECTED] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
	MUST((fds[GOOD] = dup(file)) >= 0 && lseek(file, 0, SEEK_END) == 10);

	for (int i = 0; i < KINDS; i++) {
		for (int j = 0; j < KINDS; j++) {
			int in = fds[i], out = fds[j], error;
			struct zs_result result = t_unwritten();
			int64_t call;

			call = zs_splice(in, NULL, out, NULL, 4, SPLICE_F_NONBLOCK);
			error = errno;
			errors += call < 0;
			same("splice", in, out, call, error,
			     zs_splice_full(in, NULL, out, NULL, 4, SPLICE_F_NONBLOCK, &result), result);
			result = t_unwritten();
			call = zs_copy_range(in, NULL, out, NULL, 4, 0);
			error = errno;
			errors += call < 0;
			same("copy_range", in, out, call, error,
			     zs_copy_range_full(in, NULL, out, NULL, 4, 0, &result), result);
			result = t_unwritten();
			call = zs_sendfile(out, in, NULL, 4);
			error = errno;
			errors += call < 0;
			same("sendfile", in, out, call, error,
			     zs_sendfile_full(out, in, NULL, 4, SPLICE_F_NONBLOCK, &result), result);
			result = t_unwritten();
			call = zs_tee(in, out, 4, SPLICE_F_NONBLOCK);
			error = errno;
			errors += call < 0;
			same("tee", in, out, call, error,
			     zs_tee_full(in, out, file, 4, SPLICE_F_NONBLOCK, &result), result);
		}
	}
	OK(errors > KINDS * KINDS * 2); /* or this table is not what it says */
	OK(lseek(file, 0, SEEK_CUR) == 10 && lseek(file, 0, SEEK_END) == 10 && t_bytes_available(full[0]) == 0);
	return t_done();
}
