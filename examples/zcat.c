/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zcat - writes files one after the other to standard output: cat(1) through zsplice.
 *
 *     cc -std=c11 zcat.c $(pkg-config --cflags --libs zsplice) -o zcat
 *
 * The bytes stay in the kernel wherever it can do that, and what it refuses goes through a buffer. */
#define _GNU_SOURCE 1
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT = STDOUT_FILENO };

/* What standard output is. */
static struct stat out;

static struct zs_options options = { .size = sizeof options, .flags = ZS_GROW_PIPE };

static bool same_file(const struct stat *a, const struct stat *b)
{
	return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int failed(struct zs_result *sum, uint32_t side, int error)
{
	sum->side = side;
	return sum->error = error;
}

/* With read(2) and write(2), what zs_copy refuses to do. Adds to `sum`, returns 0 or an errno value. */
static int by_hand(int in, struct zs_result *sum)
{
	static char buffer[128 * 1024];
	ssize_t got, put;

	while ((got = read(in, buffer, sizeof buffer)) > 0) {
		for (ssize_t done = 0; done < got; done += put) {
			if ((put = write(OUT, buffer + done, (size_t)(got - done))) < 0)
				return failed(sum, ZS_SIDE_OUT, errno);
			sum->bytes += (uint64_t)put;
			sum->via |= ZS_VIA_READ_WRITE;
		}
	}
	return got < 0 ? failed(sum, ZS_SIDE_IN, errno) : 0;
}

/* Copies everything in `in`, which is `from`, to standard output. Returns 0 or an errno value. */
static int move(int in, const struct stat *from, struct zs_result *sum)
{
	/* From a file to a place before it in the same file: zs_copy refuses ranges that overlap. */
	if (same_file(from, &out))
		return by_hand(in, sum);
	if (zs_copy(in, NULL, OUT, NULL, ZS_TO_END, &options, sum) >= 0)
		return 0;
	/* A datagram socket: zs_copy leaves it to the caller to say that messages may be merged. */
	return sum->error == EPROTOTYPE ? by_hand(in, sum) : sum->error;
}

/* Whether the output goes to a part of the same file that is still to be read: the copy would not end. */
static bool feeds_itself(int in, const struct stat *from)
{
	int flags = fcntl(OUT, F_GETFL);
	off_t at = lseek(in, 0, SEEK_CUR);

	return same_file(from, &out) && at >= 0 && at < from->st_size &&
	       at < lseek(OUT, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
}

static void tell(const char *name, const struct zs_result *sum)
{
	char names[128];

	fprintf(stderr, "zcat: %s: %" PRIu64 " bytes", name, sum->bytes);
	if (sum->via) {
		zs_via_names(sum->via, names, sizeof names);
		fprintf(stderr, " by %s", names);
	}
	if (sum->refused) {
		zs_via_names(sum->refused, names, sizeof names);
		fprintf(stderr, "; %s refused: %s", names, strerror(sum->refusal));
	}
	fputc('\n', stderr);
}

static bool complain(const char *name, const char *why)
{
	fprintf(stderr, "zcat: %s: %s\n", name, why);
	return false;
}

static void die(const char *what, int error)
{
	complain(what, strerror(error));
	exit(EXIT_FAILURE);
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

		if (verbose)
			tell(name, &sum);
		/* The files that follow cannot be written either. */
		if (error && sum.side == ZS_SIDE_OUT)
			die("write error", error);
		if (error)
			well = complain(name, strerror(error));
	}
	if (!standard)
		close(in);
	return well;
}

/* "10M" is ten times 2^20 bytes a second. 0 if it is no rate. */
static uint64_t rate_of(const char *word)
{
	static const char units[] = "KMG";
	char *end;
	unsigned long long number = strtoull(word, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	int shift = unit ? 10 * (int)(unit - units + 1) : 0;

	/* strtoull takes a sign and blanks, too, and stops at what is too large. */
	if (*word < '0' || *word > '9' || end[unit != NULL] || number > (UINT64_MAX - 1) >> shift)
		return 0;
	return number << shift;
}

static const char usage[] = "usage: zcat [-huvV] [--rate=BYTES] [FILE...]\n"
			    "Writes each FILE to standard output; none, or -, is standard input.\n"
			    "  --rate=BYTES  at most so many a second; K, M, G: times 2^10, 2^20, 2^30\n"
			    "  -u  ignored: bytes are never held back\n"
			    "  -v  tell how many bytes went by which mechanism, and which refused\n"
			    "  -h  print this help\n"
			    "  -V  print the version of the library\n";

int main(int argc, char **argv)
{
	static const struct option words[] = { { "rate", required_argument, NULL, 'r' }, { 0 } };
	static char *standard_input[] = { "-", NULL };
	unsigned int version = zs_version(), major = version >> 16;
	bool verbose = false, well = true;

	for (int option; (option = getopt_long(argc, argv, "huvV", words, NULL)) != -1;) {
		if (option == 'u') {
			continue;
		} else if (option == 'r') {
			options.rate = rate_of(optarg);
			if (options.rate == 0)
				return !complain(optarg, "not a number of bytes, such as 500K or 10M");
		} else if (option == 'v') {
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
	if (fstat(OUT, &out) != 0)
		die("standard output", errno);
	for (char **name = argv[optind] ? argv + optind : standard_input; *name; name++)
		well &= cat(*name, verbose);
	/* A network file system may tell only now. */
	if (close(OUT) != 0)
		well = complain("standard output", strerror(errno));
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
