/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Before Linux 5.11 EINVAL may come before the kernel has looked at the offset: a pointer that leads nowhere is still
 * the kernel's to judge, and the answer is EINVAL, not a crash. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"

static int64_t invalid(const uint64_t *args, int earlier)
{
	(void)args, (void)earlier;
	return -EINVAL;
}

static void refused(void *argument)
{
	int64_t *nowhere = (int64_t *)16;
	int number = *(int *)argument, pipes[2], file = t_file(10);

	MUST(pipe(pipes) == 0);
	t_intercept(number, invalid);
	if (number == SYS_splice)
		T_EQ(zs_splice_retry(file, nowhere, pipes[1], NULL, 10, 0), -1);
	else
		T_EQ(zs_sendfile_retry(pipes[1], file, nowhere, 10, 0), -1);
	T_EQ(errno, EINVAL);
}

int main(void)
{
	T_CHILD(refused, &(int){ SYS_splice });
	T_CHILD(refused, &(int){ T_SYS_SENDFILE });
	return t_done();
}
