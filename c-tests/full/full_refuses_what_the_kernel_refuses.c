/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No other mechanism is used: where the system call does not support a pair of descriptors that read and write
 * would support, its error is returned and no byte is moved. */
#include <zsplice.h>
#include <sys/mman.h>
#include "t.h"
#include "t_result.h"

static struct zs_result result;

static void refused(int64_t said, int error)
{
	T_EQ(said, -1);
	T_EQ(errno, error);
	OK(T_IS(result, .side = result.side, .error = error));
	OK(result.side != ZS_SIDE_CALL || error == EINVAL || error == EXDEV);
	result = t_unwritten();
}

int main(void)
{
	int status = open("/proc/self/status", O_RDONLY), null = open("/dev/null", O_RDWR);
	int memory = memfd_create("memory", 0), file = t_file(10), out = t_file(0);
	int fds[2], other[2], tcp[2], sock[2];

	MUST(status >= 0 && null >= 0 && memory >= 0 && pipe(fds) == 0 && pipe(other) == 0);
	MUST(write(fds[1], "bytes", 5) == 5 && ftruncate(memory, 10) == 0);
	t_tcp_pair(tcp, 0, 0);
	MUST(write(tcp[0], "bytes", 5) == 5);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, sock) == 0 && write(sock[0], "bytes", 5) == 5);

	result = t_unwritten();
	refused(zs_splice_full(status, NULL, other[1], NULL, 100, 0, &result), EINVAL);
	refused(zs_splice_full(null, NULL, other[1], NULL, 100, 0, &result), EINVAL);
	refused(zs_splice_full(file, NULL, out, NULL, 10, 0, &result), EINVAL);
	refused(zs_splice_full(sock[1], NULL, out, NULL, 5, 0, &result), EINVAL);
	refused(zs_sendfile_full(out, status, NULL, 100, 0, &result), EINVAL);
	refused(zs_sendfile_full(out, fds[0], NULL, 5, 0, &result), EINVAL);
	refused(zs_sendfile_full(out, sock[1], NULL, 5, 0, &result), EINVAL);
	refused(zs_sendfile_full(sock[0], tcp[1], NULL, 5, 0, &result), EINVAL);
	refused(zs_copy_range_full(file, NULL, other[1], NULL, 10, 0, &result), EINVAL);
	refused(zs_copy_range_full(fds[0], NULL, out, NULL, 5, 0, &result), EINVAL);
	refused(zs_copy_range_full(null, NULL, out, NULL, 5, 0, &result), EINVAL);
	refused(zs_copy_range_full(memory, NULL, out, NULL, 10, 0, &result), EXDEV);
	refused(zs_copy_range_full(status, NULL, out, NULL, 10, 0, &result), EXDEV);
	refused(zs_tee_full(file, other[1], out, 10, 0, &result), EINVAL);
	refused(zs_tee_full(sock[1], other[1], out, 5, 0, &result), EINVAL);
	refused(zs_tee_full(fds[0], out, other[1], 5, 0, &result), EINVAL);

	OK(t_bytes_available(fds[0]) == 5 && t_bytes_available(other[0]) == 0 && t_bytes_available(sock[1]) == 5);
	if (T_EQ(lseek(out, 0, SEEK_END), 0))
		T_EQ(lseek(file, 0, SEEK_CUR), 0);
	return t_done();
}
