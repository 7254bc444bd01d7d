/* zcat - writes files one after the other to standard output, without looking at them: cat(1)
 * through zsplice.
 *
 *     cc -std=c11 -D_GNU_SOURCE zcat.c $(pkg-config --cflags --libs zsplice) -o zcat
 *
 * The bytes stay in the kernel wherever it can do that, and what it declines goes through a buffer.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT = STDOUT_FILENO, PIPE_ROOM = 1024 * 1024, BUFFER = 128 * 1024 };

/* What standard output is. */
static struct stat out;

/* Gives a pipe more room, if it may have it: the fewer turns its two ends take, the faster. */
static void grow(int pipe_end)
{
	if (fcntl(pipe_end, F_GETPIPE_SZ) < PIPE_ROOM)
		(void)fcntl(pipe_end, F_SETPIPE_SZ, PIPE_ROOM);
}

static void add(struct zs_result *sum, const struct zs_result *part)
{
	sum->bytes += part->bytes;
	sum->via |= part->via;
}

/* Through our own memory. Like all that follow: adds to `sum`, returns 0 or an errno value. */
static int by_hand(int in, uint64_t len, struct zs_result *sum)
{
	static char buffer[BUFFER];

	while (len > 0) {
		ssize_t got = read(in, buffer, len < BUFFER ? (size_t)len : BUFFER);

		if (got == 0)
			return 0;
		if (got < 0 && errno != EINTR)
			return errno;
		for (char *rest = buffer; got > 0;) {
			ssize_t put = write(OUT, rest, (size_t)got);

			if (put < 0 && errno != EINTR)
				return errno;
			if (put > 0) {
				sum->bytes += (uint64_t)put;
				sum->via |= ZS_VIA_READ_WRITE;
				len -= (uint64_t)put;
				rest += put;
				got -= put;
			}
		}
	}
	return 0;
}

/* What comes after `error`: where the kernel only declines a mechanism, the rest goes by hand, and
 * read(2) or write(2) will say so if there is more to it. */
static int finish(int error, int in, uint64_t len, struct zs_result *sum)
{
	/* EPERM: a sandbox's. EAGAIN: at the urgent data of a socket. */
	bool declined = error == EINVAL || error == EOPNOTSUPP || error == ENOSYS || error == EPERM ||
			error == EAGAIN;

	return declined ? by_hand(in, len, sum) : error;
}

/* Through `between`, a pipe of ours, since neither side is one. */
static int through(const int between[2], int in, struct zs_result *sum)
{
	struct zs_result part;
	ssize_t taken;
	int error;

	do {
		/* As much as there is: somebody may be waiting for the answer to one line. */
		taken = zs_splice_retry(in, NULL, between[1], NULL, PIPE_ROOM, 0);
		if (taken <= 0)
			return taken == 0 ? 0 : finish(errno, in, ZS_TO_END, sum);
		zs_splice_full(between[0], NULL, OUT, NULL, (uint64_t)taken, 0, &part);
		add(sum, &part);
	} while (part.error == 0);
	/* What has been taken comes first. */
	error = finish(part.error, between[0], (uint64_t)taken - part.bytes, sum);
	return error ? error : by_hand(in, ZS_TO_END, sum);
}

static int through_a_pipe(int in, struct zs_result *sum)
{
	int between[2], error;

	if (pipe2(between, O_CLOEXEC) != 0)
		return by_hand(in, ZS_TO_END, sum);
	grow(between[0]);
	error = through(between, in, sum);
	close(between[0]);
	close(between[1]);
	return error;
}

/* Whether both are one file, whose pages could be overwritten while they are on their way. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Everything in `in`, which is `from`, to standard output. */
static int move(int in, const struct stat *from, struct zs_result *sum)
{
	struct zs_result part;
	int error;

	if (same_file(from, &out))
		return by_hand(in, ZS_TO_END, sum);
	if (S_ISFIFO(from->st_mode))
		grow(in);
	if (S_ISFIFO(from->st_mode) || S_ISFIFO(out.st_mode)) {
		zs_splice_full(in, NULL, OUT, NULL, ZS_TO_END, 0, &part);
	} else if (S_ISREG(from->st_mode) || S_ISBLK(from->st_mode)) {
		zs_sendfile_full(OUT, in, NULL, ZS_TO_END, 0, &part);
	} else {
		error = through_a_pipe(in, sum);
		/* A socket stops at urgent data as well as at its end: read(2) gets past it. */
		return !error && S_ISSOCK(from->st_mode) ? by_hand(in, ZS_TO_END, sum) : error;
	}
	add(sum, &part);
	return finish(part.error, in, ZS_TO_END, sum);
}

/* Whether the output goes where the input has yet to come, so that there is no end to it. */
static bool feeds_itself(int in, const struct stat *from)
{
	int flags = fcntl(OUT, F_GETFL);
	off_t at = lseek(in, 0, SEEK_CUR);

	return same_file(from, &out) && at >= 0 && at < from->st_size &&
	       at < lseek(OUT, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
}

static void tell(const char *name, const struct zs_result *sum)
{
	fprintf(stderr, "zcat: %s: %" PRIu64 " bytes", name, sum->bytes);
	for (uint32_t bit = 1; bit <= ZS_VIA_READ_WRITE; bit <<= 1)
		if (sum->via & bit)
			fprintf(stderr, "%s%s", sum->via & (bit - 1) ? ", " : " by ", zs_via_name(bit));
	fputc('\n', stderr);
}

static bool complain(const char *name, const char *why)
{
	fprintf(stderr, "zcat: %s: %s\n", name, why);
	return false;
}

/* One file: whether it went well. */
static bool cat(const char *name, bool verbose)
{
	bool standard = strcmp(name, "-") == 0, well = true;
	int in = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct zs_result sum = { 0 };
	struct stat from;

	if (in < 0 || fstat(in, &from) != 0)
		return complain(name, strerror(errno));
	if (feeds_itself(in, &from)) {
		well = complain(name, "input file is output file");
	} else {
		int error = move(in, &from, &sum);

		if (error)
			well = complain(name, strerror(error));
		if (verbose)
			tell(name, &sum);
	}
	if (!standard)
		close(in);
	return well;
}

static const char usage[] = "usage: zcat [-hvV] [FILE...]\n"
			    "Writes each FILE to standard output; none, or -, is standard input.\n"
			    "  -v  tell how many bytes went by which mechanism\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

int main(int argc, char **argv)
{
	static char *standard_input[] = { "-", NULL };
	unsigned int version = zs_version(), major = version >> 16;
	bool verbose = false, well = true;

	for (int option; (option = getopt(argc, argv, "hvV")) != -1;) {
		if (option == 'v') {
			verbose = true;
		} else if (option == 'h') {
			return fputs(usage, stdout) < 0;
		} else if (option == 'V') {
			return printf("zcat, zsplice %u.%u.%u\n", major, version >> 8 & 255, version & 255) < 0;
		} else {
			fputs(usage, stderr);
			return EXIT_FAILURE;
		}
	}
	if (fstat(OUT, &out) != 0) {
		complain("standard output", strerror(errno));
		return EXIT_FAILURE;
	}
	if (S_ISFIFO(out.st_mode))
		grow(OUT);
	for (char **name = argv[optind] ? argv + optind : standard_input; *name; name++)
		well &= cat(*name, verbose);
	/* A network file system may tell only now. */
	if (close(OUT) != 0)
		well = complain("standard output", strerror(errno));
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
