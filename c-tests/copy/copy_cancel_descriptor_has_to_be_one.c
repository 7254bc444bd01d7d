/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_CANCEL_FD an invalid or negative cancel_fd is EBADF before anything moves, so that a program whose
 * eventfd(2) failed learns that it could not cancel. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

int main(void)
{
	static const int32_t none[] = { -1, -2, INT32_MIN, INT32_MAX };
	int in = t_file(100), out = t_file(0), fds[2];

	MUST(pipe(fds) == 0);
	for (int i = 0; i < 4; i++) {
		struct zs_result result = t_unwritten();

		T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .flags = ZS_CANCEL_FD,
		     .cancel_fd = none[i]), -1);
		if (T_EQ(errno, EBADF))
			OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EBADF));
		/* Also where it would have to wait. */
		T_EQ(T_COPY(fds[0], NULL, fds[1], NULL, 10, &result, .flags = ZS_CANCEL_FD,
		     .cancel_fd = none[i]), -1);
		T_EQ(errno, EBADF);
		if (T_EQ(t_position(in), 0))
			T_EQ(t_size(out), 0);
	}
	/* Without the flag it is not looked at. */
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, NULL, .cancel_fd = -1), 100);
	return t_done();
}
