/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking AF_UNIX socket with SO_RCVTIMEO returns EAGAIN at once if the pipe on the other side is
 * O_NONBLOCK. Its time is not over then: what arrives in time is moved, and EAGAIN is returned after that
 * time. */
#include <zsplice.h>
#include "t.h"

int main(void)
{
	int pair[2], to[2];
	struct t_later later = { .ms = 60, .write = "in time" };
	pthread_t thread;
	int64_t start, took;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe2(to, O_NONBLOCK) == 0);
	t_timeout_ms(pair[1], SO_RCVTIMEO, 5000);
	later.fd = pair[0];
	thread = t_later(&later);
	errno = ENOTTY;
	T_EQ(zs_splice_retry(pair[1], NULL, to[1], NULL, 100, 0), 7);
	T_EQ(errno, ENOTTY);
	t_join(thread);

	t_timeout_ms(pair[1], SO_RCVTIMEO, 100);
	start = t_now_ms();
	T_EQ(zs_splice_retry(pair[1], NULL, to[1], NULL, 100, 0), -1);
	T_EQ(errno, EAGAIN);
	took = t_now_ms() - start;
	OK(took >= 99 && took < 2000 * t_slower());

	/* With SPLICE_F_NONBLOCK it does not wait. */
	t_timeout_ms(pair[1], SO_RCVTIMEO, 3000);
	start = t_now_ms();
	T_EQ(zs_splice_retry(pair[1], NULL, to[1], NULL, 100, SPLICE_F_NONBLOCK), -1);
	T_EQ(errno, EAGAIN);
	OK(t_now_ms() - start < 2000 * t_slower());
	t_close2(pair);
	t_close2(to);
	return t_done();
}
