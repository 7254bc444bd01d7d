/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A FIFO that nobody has opened for writing yet has not ended: its first writer is waited for. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static void *late_writer(void *argument)
{
	int fd;

	t_sleep_ms(40);
	MUST((fd = open("fifo", O_WRONLY)) >= 0);
	t_write(fd, "first", 5);
	t_sleep_ms(10);
	t_write(fd, "last", 4);
	MUST(close(fd) == 0);
	return argument;
}

static void waits(enum t_place to, struct zs_options options, uint64_t len)
{
	struct zs_result result;
	char bytes[16];
	int fifo = open("fifo", O_RDONLY | O_NONBLOCK), out[2];
	pthread_t thread;

	MUST(fifo >= 0);
	if (to == T_AT_FILE)
		out[0] = out[1] = t_file(0);
	else
		t_stream((enum t_stream)(to - 1), out);
	thread = t_thread(late_writer, NULL);
	T_EQ(zs_copy(fifo, NULL, out[1], NULL, len, &options, &result), 9);
	T_EQ(result.bytes, 9);
	T_EQ(result.error, 0);
	if (to == T_AT_FILE)
		MUST(lseek(out[0], 0, SEEK_SET) == 0);
	if (T_EQ(t_read(out[0], bytes, 9), 9))
		T_EQ(memcmp(bytes, "firstlast", 9), 0);
	t_join(thread);
	MUST(close(fifo) == 0 && close(out[0]) == 0 && (out[0] == out[1] || close(out[1]) == 0));
}

int main(void)
{
	struct zs_result result;
	int fifo, out[2];
	int64_t began;

	MUST(mkfifo("fifo", 0600) == 0);
	for (int to = 0; to < T_PLACES; to++) {
		waits((enum t_place)to, (struct zs_options){ 0 }, ZS_TO_END);
		waits((enum t_place)to, (struct zs_options){ 0 }, 9);
		waits((enum t_place)to, (struct zs_options){ .timeout_ns = T_MS(10000) }, ZS_TO_END);
		waits((enum t_place)to, (struct zs_options){ .avoid = ZS_VIA_SPLICE }, ZS_TO_END);
		waits((enum t_place)to, (struct zs_options){ .flags = ZS_STABLE }, ZS_TO_END);
	}

	/* Not longer than for anything else. */
	MUST((fifo = open("fifo", O_RDONLY | O_NONBLOCK)) >= 0 && pipe(out) == 0);
	began = t_now_ms();
	T_EQ(T_COPY(fifo, NULL, out[1], NULL, ZS_TO_END, &result, .timeout_ns = T_MS(50)), -1);
	if (T_EQ(errno, ETIMEDOUT) && T_EQ(result.side, ZS_SIDE_CALL))
		OK(t_now_ms() - began < 5000 * t_slower());
	MUST(unlink("fifo") == 0);
	return t_done();
}
