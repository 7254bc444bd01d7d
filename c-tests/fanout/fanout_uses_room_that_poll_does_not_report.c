/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A blocking AF_UNIX socket is writable for poll(2) with three quarters of its buffer free; write(2) goes on
 * until it is full. A reader that waits until more has arrived than a quarter gets it from zs_fanout, as it
 * does from write(2). */
#include <zsplice.h>
#include "t.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define LEN (1 << 20)
#define ENOUGH (150 << 10)

struct reader {
	int fd;
	size_t got;
};

/* Waits until ENOUGH bytes are there, then reads all. */
static void *reads_late(void *argument)
{
	char bytes[64 << 10];
	struct reader *reader = argument;
	int held = 0;
	ssize_t count;

	while (ioctl(reader->fd, FIONREAD, &held) == 0 && held < ENOUGH)
		usleep(1000);
	while ((count = read(reader->fd, bytes, sizeof(bytes))) > 0)
		reader->got += (size_t)count;
	return NULL;
}

int main(void)
{
	struct zs_options options = { .timeout_ns = 10000000000 };
	struct reader readers[2];
	pthread_t threads[2];
	int fds[2], file = fileno(tmpfile());

	MUST(file >= 0 && ftruncate(file, LEN) == 0);
	for (int i = 0; i < 2; i++) {
		int pair[2];

		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
		fds[i] = pair[0];
		readers[i] = (struct reader){ pair[1], 0 };
		MUST(pthread_create(&threads[i], NULL, reads_late, &readers[i]) == 0);
	}
	OK(zs_fanout(file, NULL, fds, 2, ZS_TO_END, &options, NULL) == LEN);
	for (int i = 0; i < 2; i++) {
		MUST(close(fds[i]) == 0 && pthread_join(threads[i], NULL) == 0);
		OK(readers[i].got == LEN);
	}
	return t_done();
}
