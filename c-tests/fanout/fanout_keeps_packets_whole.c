/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A pipe with O_DIRECT keeps each write together as a packet, and its reader reads PIPE_BUF bytes at a time
 * (pipe(2)): it gets every byte. What tee(2) duplicates is not a packet, so such an output gets writes only. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

static int far;

/* By turns in bulk and in small pieces. */
static void *feeds(void *argument)
{
	static char bytes[60000];
	size_t at = 0;

	for (int i = 0; i < 16; i++) {
		size_t n = i % 4 ? 5000 : sizeof bytes;

		t_pattern(bytes, n, at);
		t_write(far, bytes, n);
		at += n;
		usleep(10000);
	}
	MUST(close(far) == 0);
	return argument;
}

struct packets {
	int fd, right;
	size_t got;
};

static void *reads(void *argument)
{
	struct packets *packets = argument;
	char bytes[PIPE_BUF];

	for (ssize_t n; (n = read(packets->fd, bytes, sizeof bytes)) > 0; packets->got += (size_t)n)
		packets->right &= t_is_pattern(bytes, (size_t)n, packets->got);
	return NULL;
}

int main(void)
{
	static struct t_fan fan;
	struct packets packets = { .right = 1 };
	int in[2], out[2];
	pthread_t feeder, reader;
	int64_t len = 4 * 60000 + 12 * 5000;

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, in) == 0 && pipe2(out, O_DIRECT) == 0);
	MUST(fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
	packets.fd = out[0];
	far = in[1];
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	fan.fds[fan.count++] = out[1];
	feeder = t_thread(feeds, NULL);
	reader = t_thread(reads, &packets);
	T_EQ(T_FANOUT(in[0], NULL, &fan, ZS_TO_END, 0), len);
	T_EQ(fan.results[1].bytes, (uint64_t)len);
	T_EQ(fan.results[1].via, ZS_VIA_READ_WRITE);
	MUST(close(out[1]) == 0);
	t_join(reader);
	t_join(feeder);
	OK(packets.right);
	T_EQ(packets.got, (size_t)len);
	T_EQ(t_fan_got(&fan, 0), (size_t)len);
	return t_done();
}
