/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* No kind of wait spins. */
#include <zsplice.h>
#include "t.h"

static void *two_waits(void *argument)
{
	int (*pipes)[2] = argument;

	T_EQ(zs_splice_retry(pipes[0][0], NULL, pipes[1][1], NULL, 100, 0), 4);
	T_EQ(zs_tee_retry(pipes[1][0], pipes[2][1], 100, 0), 4);
	return NULL;
}

int main(void)
{
	int pipes[3][2], file = t_file(100), full[2], tcp[2], to[2];
	struct t_later arrives = { .ms = 300, .write = "late" };
	struct t_later drains = { .ms = 300 }, drains_too = { .ms = 300 };
	pthread_t threads[4];
	int64_t used;

	for (int i = 0; i < 3; i++)
		MUST(pipe2(pipes[i], O_NONBLOCK) == 0);
	MUST(pipe2(full, O_NONBLOCK) == 0 && pipe2(to, O_NONBLOCK) == 0);
	t_tcp_pair(tcp, 4096, 4096);
	t_nonblock(tcp[0], 1);
	drains.fd = full[0];
	drains.drain = t_fill_slots(full[1]);
	drains_too.fd = tcp[1];
	drains_too.drain = t_fill_socket(tcp[0]);
	arrives.fd = pipes[0][1];
	MUST(write(to[1], "four", 4) == 4);

	used = t_cpu_ms();
	threads[0] = t_later(&arrives);
	threads[1] = t_later(&drains);
	threads[2] = t_later(&drains_too);
	threads[3] = t_thread(two_waits, pipes);
	T_EQ(zs_sendfile_retry(full[1], file, NULL, 100, 0), 100);
	T_EQ(zs_splice_retry(to[0], NULL, tcp[0], NULL, 4, 0), 4);
	for (int i = 0; i < 4; i++)
		t_join(threads[i]);
	/* That was a wait of 600 ms in two threads. */
	OK(t_cpu_ms() - used < 200);
	return t_done();
}
