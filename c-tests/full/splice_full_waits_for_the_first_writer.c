/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* splice(2) returns 0 for a FIFO that no writer has opened yet, though it has not ended: the transfer waits or,
 * with SPLICE_F_NONBLOCK, is EAGAIN. After its last writer the FIFO has ended. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"

static void *write_later(void *argument)
{
	int fd;

	t_sleep_ms(40);
	fd = open("fifo", O_WRONLY);
	MUST(fd >= 0);
	t_sleep_ms(20);
	if (argument)
		t_write(fd, "first", 5);
	MUST(close(fd) == 0);
	return NULL;
}

static void first_writer(void *writes)
{
	struct zs_result result = t_unwritten();
	int64_t expected = writes ? 5 : 0, began, cpu;
	int out[2], fifo = open("fifo", O_RDONLY | O_NONBLOCK);
	pthread_t writer;

	MUST(fifo >= 0 && pipe(out) == 0);
	T_EQ(zs_splice_full(fifo, NULL, out[1], NULL, ZS_TO_END, SPLICE_F_NONBLOCK, &result), -1);
	T_EQ(errno, EAGAIN);
	OK(T_IS(result, .side = ZS_SIDE_IN, .error = EAGAIN));

	writer = t_thread(write_later, writes);
	began = t_now_ms();
	cpu = t_cpu_ms();
	result = t_unwritten();
	T_EQ(zs_splice_full(fifo, NULL, out[1], NULL, ZS_TO_END, 0, &result), expected);
	OK(T_IS(result, .bytes = (uint64_t)expected, .via = expected ? ZS_VIA_SPLICE : 0));
	OK(t_now_ms() - began >= 35 && t_cpu_ms() - cpu < 45);
	t_join(writer);
	T_EQ(t_bytes_available(out[0]), expected);

	/* Now it has ended, until a writer opens it again. */
	T_EQ(zs_splice_full(fifo, NULL, out[1], NULL, 5, SPLICE_F_NONBLOCK, NULL), 0);
	MUST(close(fifo) == 0);
	t_close2(out);
}

static void first_writer_of_a_tee(void)
{
	struct zs_result result = t_unwritten();
	int copy[2], out[2], fifo = open("fifo", O_RDONLY | O_NONBLOCK);
	pthread_t writer;

	MUST(fifo >= 0 && pipe(copy) == 0 && pipe(out) == 0);
	writer = t_thread(write_later, "");
	T_EQ(zs_tee_full(fifo, copy[1], out[1], ZS_TO_END, 0, &result), 5);
	OK(T_IS(result, .bytes = 5, .via = ZS_VIA_TEE | ZS_VIA_SPLICE));
	t_join(writer);
	if (T_EQ(t_bytes_available(copy[0]), 5))
		T_EQ(t_bytes_available(out[0]), 5);
}

int main(void)
{
	MUST(mkfifo("fifo", 0600) == 0);
	first_writer("");
	first_writer(NULL);
	first_writer_of_a_tee();
	MUST(unlink("fifo") == 0);
	return t_done();
}
