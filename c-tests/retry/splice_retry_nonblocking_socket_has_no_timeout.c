/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SO_RCVTIMEO and SO_SNDTIMEO are for blocking sockets: an O_NONBLOCK socket is waited for, however long it
 * takes. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	struct t_later arrives = { .ms = 80, .write = "late" }, drains = { .ms = 80 };
	int pair[2], to[2], file = t_file(100);
	pthread_t other;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(to) == 0);
	for (int i = 0; i < 2; i++) {
		t_nonblock(pair[i], 1);
		t_timeout_ms(pair[i], SO_RCVTIMEO, 20);
		t_timeout_ms(pair[i], SO_SNDTIMEO, 20);
	}
	arrives.fd = pair[1];
	other = t_later(&arrives);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(pair[0], NULL, to[1], NULL, 100, 0), 4);
	T_EQ(errno, ENOTTY);
	t_join(other);

	drains.fd = pair[1];
	drains.drain = t_fill_socket(pair[0]);
	other = t_later(&drains);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(to[0], NULL, pair[0], NULL, 100, 0), 4);
	T_EQ(errno, ENOTTY);
	t_join(other);

	t_drain(pair[1], 4);
	drains.drain = t_fill_socket(pair[0]);
	other = t_later(&drains);
	errno = ENOTTY;
	T_EQ(zs_sendfile_retry(pair[0], file, NULL, 100, 0), 100);
	T_EQ(errno, ENOTTY);
	t_join(other);
	return t_done();
}
