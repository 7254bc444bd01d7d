/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* sendfile(2) has no flag for not waiting: into a blocking pipe that is full it waits in the
 * kernel. SPLICE_F_NONBLOCK keeps zs_sendfile_retry from waiting on top of that, and the pipe keeps
 * the flags it has. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	struct t_later later = { .ms = 50 };
	int file = t_file(100), to[2];
	pthread_t reader;

	MUST(pipe(to) == 0);
	later.fd = to[0];
	later.drain = t_fill_pipe(to[1]);
	reader = t_later(&later);
	T_EQ(zs_sendfile_retry(to[1], file, NULL, 100, SPLICE_F_NONBLOCK), 100);
	t_join(reader);
	T_EQ(t_bytes_available(to[0]), 100);
	T_EQ(fcntl(to[1], F_GETFL) & O_NONBLOCK, 0);
	return t_done();
}
