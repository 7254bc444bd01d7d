/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) never gets past a TCP urgent mark, but poll(2) reports the socket readable, so that waiting would
 * spin. EAGAIN is returned after a few calls, and recv(2) gets past the mark. */
#include <zsplice.h>
#include "t.h"
#include "t_calls.h"

static int tcp[2], to[2];

static void stops_at_the_mark(void *unused)
{
	(void)unused;
	errno = 0;
	T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 100, 0), -1);
	T_EQ(errno, EAGAIN);
}

int main(void)
{
	char bytes[16];
	long calls[100];
	int made;

	t_tcp_pair(tcp, 0, 0);
	MUST(pipe(to) == 0);
	t_nonblock(tcp[1], 1);
	MUST(send(tcp[0], "before!", 7, MSG_OOB) == 7 && send(tcp[0], "after", 5, 0) == 5);
	while (t_bytes_available(tcp[1]) < 6)
		t_sleep_ms(1);
	t_sleep_ms(20);
	T_EQ(zs_splice_retry(tcp[1], NULL, to[1], NULL, 100, 0), 6);
	made = t_system_calls(stops_at_the_mark, NULL, calls, 100);
	OK(made > 0 && made < 50);
	stops_at_the_mark(NULL);
	if (T_EQ(recv(tcp[1], bytes, sizeof bytes, 0), 5))
		T_EQ(memcmp(bytes, "after", 5), 0);
	T_EQ(t_bytes_available(to[0]), 6);
	return t_done();
}
