/* Prints which mechanisms deliver bytes in each function: lines such as "zs_copy ZS_VIA_SENDFILE". The
 * working folder takes two files.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MUST(condition) \
	do { \
		if (!(condition)) { \
			perror(#condition); \
			exit(1); \
		} \
	} while (0)

enum { BULK = 256 << 10 };

static char bytes[BULK];

static void print(const char *function, uint32_t via)
{
	static const char *const names[] = { "CLONE", "COPY_RANGE", "SENDFILE", "SPLICE", "TEE", "READ_WRITE" };

	for (unsigned int i = 0; i < 32; i++) {
		if (!(via >> i & 1))
			continue;
		if (i < sizeof names / sizeof *names)
			printf("%s ZS_VIA_%s\n", function, names[i]);
		else
			printf("%s 0x%x\n", function, 1u << i);
	}
}

/* A file with `len` bytes, at its start. */
static int file(const char *name, size_t len)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	MUST(fd != -1 && write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

/* A pipe that has room for BULK bytes. */
static void make_pipe(int ends[2])
{
	MUST(pipe2(ends, O_NONBLOCK) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 2 * BULK) >= BULK);
}

static void make_sockets(int ends[2])
{
	int room = 4 * BULK;

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	for (int i = 0; i < 2; i++)
		MUST(setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
}

/* A socket that holds bytes and then ends. */
static int fed(ssize_t len)
{
	int ends[2];

	make_sockets(ends);
	if (len > 0)
		len = write(ends[1], bytes, (size_t)len);
	MUST(len >= 0 && shutdown(ends[1], SHUT_WR) == 0);
	return ends[0];
}

static void copy(int in, int out)
{
	struct zs_result result;

	MUST(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result) > 0);
	print("zs_copy", result.via);
}

static void fan_out(int in, int first, int second)
{
	struct zs_result results[2];
	int outs[2];

	outs[0] = first;
	outs[1] = second;
	MUST(zs_fanout(in, NULL, outs, 2, ZS_TO_END, NULL, results) > 0);
	print("zs_fanout", results[0].via | results[1].via);
}

static void relay(ssize_t len)
{
	struct zs_result result;
	zs_relay *relay;
	int out[2];

	make_sockets(out);
	relay = zs_relay_new(fed(len), out[0], ZS_TO_END, NULL, 0);
	MUST(relay != NULL);
	while (zs_relay_run(relay, 0) > 0)
		MUST(read(out[1], bytes, sizeof bytes) > 0);
	zs_relay_result(relay, &result);
	print("relays", result.via);
	zs_relay_free(relay);
}

static void bridge(ssize_t len)
{
	struct zs_result results[2];

	MUST(zs_bridge(fed(len), file("second", 0), fed(0), file("first", 0), NULL, results) == 0);
	print("zs_bridge", results[0].via | results[1].via);
}

int main(void)
{
	struct zs_result result;
	int one[2], two[2], three[2];

	copy(file("first", BULK), file("second", 0));
	make_sockets(one);
	copy(file("first", 1000), one[0]);
	make_pipe(one);
	copy(file("first", 1000), one[1]);
	copy(fed(100), file("second", 0));

	make_pipe(one);
	make_pipe(two);
	fan_out(file("first", BULK), one[1], two[1]);
	fan_out(fed(100), one[1], two[1]);

	relay(100);
	relay(BULK);
	bridge(100);
	bridge(BULK);

	make_pipe(one);
	make_pipe(two);
	make_pipe(three);
	MUST(write(one[1], bytes, 100) == 100);
	MUST(zs_tee_full(one[0], two[1], three[1], 100, SPLICE_F_NONBLOCK, &result) == 100);
	print("zs_tee_full", result.via);
	return 0;
}
