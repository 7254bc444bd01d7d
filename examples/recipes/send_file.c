/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE 1
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zsplice.h>

static int connect_to(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all, *one;
	int status = getaddrinfo(host, port, &hints, &all), fd = -1;

	if (status != 0)
		errx(EXIT_FAILURE, "%s: %s", host, gai_strerror(status));
	for (one = all; one != NULL; one = one->ai_next) {
		fd = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd != -1
		    && connect(fd, one->ai_addr, one->ai_addrlen) == 0)
			break;
		if (fd != -1)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(all);
	if (fd == -1)
		err(EXIT_FAILURE, "%s:%s", host, port);
	return fd;
}

int main(int argc, char **argv)
{
	struct zs_options options = {
		.size = sizeof options,
		.flags = ZS_NOSIGPIPE,
	};
	struct zs_result result;
	struct stat status;
	char header[128];
	int file, fd, len;

	if (argc != 4)
		errx(EXIT_FAILURE, "usage: send_file HOST PORT FILE");
	file = open(argv[3], O_RDONLY | O_CLOEXEC);
	if (file == -1 || fstat(file, &status) == -1)
		err(EXIT_FAILURE, "%s", argv[3]);
	fd = connect_to(argv[1], argv[2]);

	len = snprintf(header, sizeof header, "length: %jd\n\n",
		       (intmax_t)status.st_size);
	/* MSG_MORE: the header waits for the first bytes of the file. */
	if (send(fd, header, (size_t)len, MSG_MORE | MSG_NOSIGNAL) != len)
		err(EXIT_FAILURE, "%s", argv[1]);
	/* As many bytes as the header says, though the file may grow. */
	if (zs_copy(file, NULL, fd, NULL, (uint64_t)status.st_size,
		    &options, &result) == -1)
		errx(EXIT_FAILURE, "%s after %" PRIu64 " bytes",
		     strerror(result.error), result.bytes);
	if (result.bytes < (uint64_t)status.st_size)
		errx(EXIT_FAILURE, "%s has become shorter", argv[3]);
	return EXIT_SUCCESS;
}
