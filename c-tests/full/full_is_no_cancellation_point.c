/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread that is cancelled in the middle of a transfer, while it waits in the system call or in poll(2),
 * finishes the transfer and gets its result. It ends at the next cancellation point. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static int file, in[2], out[2], copy[2], sock[2];
static int which, returned;

static void *transfer(void *argument)
{
	struct zs_result result = t_unwritten();
	int64_t moved;

	errno = 123;
	if (which / 2 == 0)
		moved = zs_splice_full(in[0], NULL, out[1], NULL, 8, 0, &result);
	else if (which / 2 == 1)
		moved = zs_tee_full(in[0], copy[1], out[1], 8, 0, &result);
	else
		moved = zs_sendfile_full(sock[0], file, NULL, 1 << 20, 0, &result);
	T_EQ(moved, which / 2 == 2 ? 1 << 20 : 8);
	T_EQ(errno, 123);
	T_EQ(result.bytes, (uint64_t)moved);
	T_EQ(result.error, 0);
	T_EQ(result.in_flight, 0);
	/* Inputs at their end, where the end is checked by another call. */
	OK(zs_sendfile_full(copy[1], file, NULL, ZS_TO_END, 0, NULL) >= 0);
	returned = 1;
	pthread_testcancel();
	returned = 2;
	return argument;
}

int main(void)
{
	for (which = 0; which < 6; which++) {
		pthread_t thread;
		void *value;

		file = t_file(which / 2 == 2 ? 1 << 20 : 1000);
		MUST(pipe(in) == 0 && pipe(out) == 0 && pipe(copy) == 0);
		t_tcp_pair(sock, 8192, 8192);
		t_nonblock(in[0], which & 1); /* it waits in poll(2) then */
		t_nonblock(sock[0], which & 1);
		returned = 0;
		thread = t_thread(transfer, NULL);
		MUST(write(in[1], "four", 4) == 4);
		t_sleep_ms(25);
		MUST(pthread_cancel(thread) == 0);
		t_sleep_ms(25);
		T_EQ(returned, 0);
		MUST(write(in[1], "more", 4) == 4);
		if (which / 2 == 2)
			t_drain(sock[1], 1 << 20);
		MUST(pthread_join(thread, &value) == 0);
		OK(value == PTHREAD_CANCELED);
		T_EQ(returned, 1);
		OK(which / 2 == 2 || t_bytes_available(out[0]) == 8);
		t_close2(in);
		t_close2(out);
		t_close2(copy);
		t_close2(sock);
		MUST(close(file) == 0);
	}
	return t_done();
}
