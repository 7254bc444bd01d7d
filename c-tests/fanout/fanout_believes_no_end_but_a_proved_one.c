/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A FIFO without its first writer, TCP urgent data, and a file of /proc with size 0 are not at the end of the
 * input. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static void *opens_later(void *argument)
{
	char bytes[1000];
	int fd;

	(void)argument;
	t_sleep_ms(100);
	MUST((fd = open("t-first", O_WRONLY)) >= 0);
	t_sleep_ms(10);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(fd, bytes, sizeof bytes);
	MUST(close(fd) == 0);
	return NULL;
}

static void first_writer(uint32_t avoid)
{
	static struct t_fan fan;
	pthread_t thread;
	int64_t cpu = t_cpu_ms();
	int in;

	MUST(mkfifo("t-first", 0600) == 0 && (in = open("t-first", O_RDONLY | O_NONBLOCK)) >= 0);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	thread = t_thread(opens_later, NULL);
	if (T_EQ(T_FANOUT(in, NULL, &fan, ZS_TO_END, .avoid = avoid), 1000))
		OK(t_cpu_ms() - cpu < 80);
	OK(t_fan_whole(&fan, 1000));
	t_join(thread);
	MUST(unlink("t-first") == 0 && close(in) == 0);
}

static void *talks(void *argument)
{
	const int *tcp = argument;
	static char bytes[300000];

	t_pattern(bytes, sizeof bytes, 0);
	for (size_t at = 0; at < sizeof bytes; at += 100000) {
		t_write(tcp[0], bytes + at, 100000);
		t_send_urgent(tcp[0], tcp[1]);
	}
	MUST(shutdown(tcp[0], SHUT_WR) == 0);
	return NULL;
}

static void urgent(int nonblock, uint32_t flags)
{
	static struct t_fan fan;
	int64_t cpu = t_cpu_ms();
	pthread_t thread;
	int tcp[2];

	t_tcp_pair(tcp, 0, 0);
	t_nonblock(tcp[1], nonblock);
	t_fan_add(&fan, T_TO_PIPE, nonblock, 0);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	thread = t_thread(talks, tcp);
	if (T_EQ(T_FANOUT(tcp[1], NULL, &fan, ZS_TO_END, .flags = flags), 300000))
		OK(t_cpu_ms() - cpu < 500);
	OK(t_fan_whole(&fan, 300000));
	t_join(thread);
	t_close2(tcp);
}

static void proc(const char *name, int with_offset)
{
	static char wanted[1 << 18], got[1 << 18];
	int in = open(name, O_RDONLY), a = t_file(0), b = t_file(0);
	int64_t off = 10;
	size_t len;

	MUST(in >= 0 && (len = t_read(in, wanted, sizeof wanted)) < sizeof wanted);
	MUST(lseek(in, 10, SEEK_SET) == 10 && len > 10);
	T_EQ(zs_fanout(in, with_offset ? &off : NULL, (int[]){ a, b }, 2, ZS_TO_END, NULL, NULL), (int64_t)len -
	     10);
	OK(!with_offset || (off == (int64_t)len && t_position(in) == 10));
	if (T_EQ(pread(b, got, sizeof got, 0), (ssize_t)len - 10))
		T_EQ(memcmp(wanted + 10, got, len - 10), 0);
	OK(t_same_bytes(a, b));
	MUST(close(in) == 0 && close(a) == 0 && close(b) == 0);
}

int main(void)
{
	first_writer(0);
	first_writer(ZS_VIA_READ_WRITE);
	for (int nonblock = 0; nonblock < 2; nonblock++) {
		urgent(nonblock, 0);
		urgent(nonblock, ZS_STABLE);
	}
	for (int with_offset = 0; with_offset < 2; with_offset++) {
		proc("/proc/version", with_offset);
		proc("/proc/self/cmdline", with_offset);
		proc("/proc/filesystems", with_offset);
	}
	return t_done();
}
