/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A signal handler makes transfers while one is in progress in the same thread: both are complete, and the
 * errno of the handler does not reach the interrupted one. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

#define TURNS 5

static int in[2], out[2], own_file, own_out, own_in[2], own_copy[2];
static volatile sig_atomic_t handled;

static void handler(int signal)
{
	struct zs_result result = t_unwritten();
	int64_t off = 0;
	int before = errno;

	(void)signal;
	T_EQ(zs_sendfile_full(own_out, own_file, &off, ZS_TO_END, 0, &result), 1000);
	OK(T_IS(result, .bytes = 1000, .via = ZS_VIA_SENDFILE));
	off = 0;
	T_EQ(zs_copy_range_full(own_file, &off, own_out, NULL, 1000, 0, NULL), 1000);
	MUST(write(own_in[1], "four", 4) == 4);
	T_EQ(zs_tee_full(own_in[0], own_copy[1], own_out, 4, 0, NULL), 4);
	T_EQ(zs_splice_full(own_copy[0], NULL, own_out, NULL, 4, 0, NULL), 4);
	T_EQ(zs_splice_full(-1, NULL, own_out, NULL, 4, 0, &result), -1);
	T_EQ(errno, EBADF);
	errno = before;
	handled++;
}

static void *disturb(void *argument)
{
	for (int i = 0; i < TURNS; i++) {
		t_sleep_ms(10);
		MUST(pthread_kill(*(pthread_t *)argument, SIGUSR1) == 0);
		while (handled <= i)
			t_sleep_ms(1);
		MUST(write(in[1], "word", 4) == 4);
	}
	return NULL;
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	pthread_t self = pthread_self(), other;

	own_file = t_file(1000);
	own_out = t_file(0);
	MUST(pipe(in) == 0 && pipe(out) == 0 && pipe(own_in) == 0 && pipe(own_copy) == 0);
	for (int turn = 0; turn < 4; turn++) {
		struct zs_result result = t_unwritten();

		action.sa_flags = turn & 1 ? SA_RESTART : 0;
		MUST(sigaction(SIGUSR1, &action, NULL) == 0);
		t_nonblock(in[0], turn / 2);
		handled = 0;
		other = t_thread(disturb, &self);
		errno = 123;
		T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, 4 * TURNS, 0, &result), 4 * TURNS);
		OK(T_IS(result, .bytes = 4 * TURNS, .via = ZS_VIA_SPLICE));
		T_EQ(handled, TURNS);
		T_EQ(errno, 123);
		t_join(other);
		t_drain(out[0], 4 * TURNS);
	}
	T_EQ(lseek(own_out, 0, SEEK_END), (2000 + 8) * TURNS * 4);
	return t_done();
}
