/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls do not retry: a signal that ends the wait in the kernel is EINTR, and nothing has
 * moved. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	int empty[2], full[2], file = t_file(100);
	struct iovec iov = { (void *)(intptr_t)"four", 4 };
	size_t filled;

	MUST(pipe(empty) == 0 && pipe(full) == 0);
	filled = t_fill_pipe(full[1]);
	t_signal_storm(20000);
	T_EQ(zs_splice(empty[0], NULL, full[1], NULL, 1, 0), -1);
	T_EQ(errno, EINTR);
	T_EQ(zs_tee(empty[0], full[1], 1, 0), -1);
	T_EQ(errno, EINTR);
	T_EQ(zs_vmsplice(full[1], &iov, 1, 0), -1);
	T_EQ(errno, EINTR);
	T_EQ(zs_sendfile(full[1], file, NULL, 1), -1);
	T_EQ(errno, EINTR);
	t_signal_storm(0);
	OK(t_signals >= 4);
	if (T_EQ(t_bytes_available(full[0]), (int)filled))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	return t_done();
}
