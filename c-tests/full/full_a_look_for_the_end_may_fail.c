/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If the kernel returns 0 and the check for the end of the file fails, that is an error of the input. If the
 * check is refused, the 0 is taken for the end. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

struct look {
	int error, fails;
};

static int64_t zero(const uint64_t *a, int earlier)
{
	(void)a;
	(void)earlier;
	return 0;
}

static void story(void *argument)
{
	const struct look *look = argument;
	struct zs_result result = t_unwritten();
	int in = t_file(100), out = t_file(0);
	int64_t moved, off = 0;

	t_refuse(T_SYS_PREAD, look->error);
	t_intercept(SYS_copy_file_range, zero);
	errno = 123;
	moved = zs_copy_range_full(in, &off, out, NULL, 100, 0, &result);
	if (look->fails) {
		T_EQ(moved, -1);
		T_EQ(errno, look->error);
		OK(T_IS(result, .side = ZS_SIDE_IN, .error = look->error));
	} else {
		if (T_EQ(moved, 0) && T_EQ(errno, 123))
			OK(T_IS(result, .bytes = 0));
	}
	T_EQ(off, 0);
}

int main(void)
{
	static struct look looks[] = {
		{ EIO, 1 }, { ESTALE, 1 }, { EACCES, 1 }, { ETIMEDOUT, 1 }, { ENOTCONN, 1 }, { ENOMEM, 1 },
		{ EUCLEAN, 1 }, { EBADMSG, 1 }, { ENODATA, 1 }, { EREMOTEIO, 1 },
		{ EINVAL, 0 }, { ESPIPE, 0 }, { EOPNOTSUPP, 0 }, { ENOSYS, 0 }, { EPERM, 0 }, { EISDIR, 0 },
	};

	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
		if (!T_CHILD(story, &looks[i]))
			fprintf(stderr, "... %s\n", t_errno_name(looks[i].error));
	return t_done();
}
