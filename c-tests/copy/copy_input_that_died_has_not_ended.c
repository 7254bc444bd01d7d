/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A socket reports its error once, and an end from then on. Whichever call gets the error, zs_copy does not
 * take it for the end, however rare the error is. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_intercept.h"

static int error;

static int64_t tells_once(const uint64_t *args, int earlier)
{
	(void)args;
	return earlier == 0 ? -error : T_CONTINUE;
}

static void died(void *argument)
{
	int in[2], out[2], with_bytes = *(int *)argument;
	struct zs_result result = t_unwritten();

	t_stream(T_A_UNIX, in);
	out[1] = t_file(0);
	MUST(!with_bytes || write(in[1], "four", 4) == 4);
	MUST(close(in[1]) == 0);
	t_intercept(SYS_splice, tells_once);
	errno = 0;
	if (!OK(T_COPY(in[0], NULL, out[1], NULL, ZS_TO_END, &result, .avoid = ZS_VIA_READ_WRITE) == -1 &&
		errno == error))
		fprintf(stderr, "... %s\n", t_errno_name(error));
	T_EQ(result.bytes, 0);
	T_EQ(result.in_flight, 0);
	T_EQ(result.error, error);
	OK(result.side == ZS_SIDE_IN || result.side == 0);
	MUST(close(in[0]) == 0);
	MUST(close(out[1]) == 0);
}

int main(void)
{
	static const int errors[] = { ENOPROTOOPT, ENONET, EPROTO, EMSGSIZE, EHOSTUNREACH, EACCES, EINVAL, EPERM };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		error = errors[i];
		T_CHILD(died, &(int){ 0 });
		/* Of a connection with bytes the others are what a mechanism refuses with. */
		if (error != EACCES && error != EINVAL && error != EPERM)
			T_CHILD(died, &(int){ 1 });
	}
	return t_done();
}
