/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Of a clone that was not asked for only EIO, ENOSPC, EDQUOT and ENOMEM are failures; after any other error the
 * bytes are copied. With ZS_CLONE every error is the error of the copy. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

#define LEN (1 << 20)

static int error;

static int64_t fails(const uint64_t *a, int earlier)
{
	(void)earlier;
	return (uint32_t)a[1] == FICLONERANGE ? -error : T_CONTINUE;
}

static void failed(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_new_in("xfs"), out = t_new_in("xfs");

	error = *(int *)argument;
	t_put_pattern(in, 0, LEN, 0);
	t_intercept(SYS_ioctl, fails);
	if (!OK(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result) == -1 && errno == error))
		fprintf(stderr, "... error %s, errno %s\n", t_errno_name(error), t_errno_name(errno));
	T_EQ(result.error, error);
	T_EQ(result.bytes, 0);
	T_EQ(result.via, 0);
	OK(t_size(out) == 0 && t_position(in) == 0 && t_position(out) == 0);
}

static void declined(void *argument)
{
	struct zs_result result = t_unwritten();
	int in = t_new_in("xfs"), out = t_new_in("xfs");

	error = *(int *)argument;
	t_put_pattern(in, 0, LEN, 0);
	t_intercept(SYS_ioctl, fails);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .flags = ZS_CLONE), -1);
	T_EQ(errno, error);
	OK(result.bytes == 0 && t_size(out) == 0 && t_position(in) == 0);
	if (!T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), LEN))
		fprintf(stderr, "... error %s\n", t_errno_name(error));
	T_EQ(result.error, 0);
	T_EQ(result.via & ZS_VIA_CLONE, 0);
	OK(t_size(out) == LEN && t_same_bytes(in, out));
}

int main(void)
{
	static int errors[] = { EIO, ENOSPC, EDQUOT, ENOMEM };
	static int refusals[] = { EFBIG, EROFS, ESTALE, EACCES, EPERM, ENOENT, EOPNOTSUPP };
	const char *reason;

	t_own_mounts();
	if ((reason = t_file_system((char[]){ "xfs" })) != NULL)
		t_skip(reason);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		T_CHILD(failed, &errors[i]);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		T_CHILD(declined, &refusals[i]);
	return t_done();
}
