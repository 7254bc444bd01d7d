/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A clone is one step, whatever its size: a large file takes no more system calls or memory than a small one,
 * and there is no progress call in between. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_calls.h"

struct cloned { int in, out, told; uint32_t flags; };

static int told(void *context, const struct zs_result *so_far)
{
	(void)so_far;
	((struct cloned *)context)->told++;
	return 0;
}

static void cloned(void *argument)
{
	struct cloned *it = argument;
	struct zs_result result;

	T_EQ(T_COPY(it->in, NULL, it->out, NULL, ZS_TO_END, &result, .flags = it->flags, .progress = told,
	     .context = it), t_size(it->in));
	T_EQ(result.via, ZS_VIA_CLONE);
	T_EQ(result.copied, 0);
	T_EQ(it->told, 1);
}

static int calls(size_t len, uint32_t flags)
{
	struct cloned it = { t_new_in("xfs"), t_new_in("xfs"), 0, flags };
	long numbers[64];
	int count;

	t_put_pattern(it.in, 0, len, 0);
	MUST(fsync(it.in) == 0);
	count = t_system_calls(cloned, &it, numbers, 64);
	OK(count < 20);
	for (int i = 0; i < count && i < 64; i++)
		OK(numbers[i] != SYS_copy_file_range && numbers[i] != T_SYS_SENDFILE &&
		   numbers[i] != SYS_splice && numbers[i] != SYS_pipe2);
	if (T_EQ(t_size(it.out), (int64_t)len))
		OK(t_same_bytes(it.in, it.out));
	MUST(close(it.in) == 0 && close(it.out) == 0);
	return count;
}

int main(void)
{
	const char *reason;

	t_own_mounts();
	if ((reason = t_file_system((char[]){ "xfs" })) != NULL)
		t_skip(reason);
	T_EQ(calls(1 << 20, ZS_CLONE), calls(64 << 20, ZS_CLONE));
	T_EQ(calls(1 << 20, 0), calls(64 << 20, 0));
	return t_done();
}
