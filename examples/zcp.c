/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zcp - copies files, one to another or several into a directory: cp(1) through zsplice.
 *
 *     cc -std=c11 zcp.c $(pkg-config --cflags --libs zsplice) -o zcp
 *
 * Blocks are shared and holes kept where the file systems can. After an interrupt or a failure a new
 * file that is not complete is removed. */
#define _GNU_SOURCE 1
#include <zsplice.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool verbose;

/* The signal that was caught, and a pipe that it makes readable: zs_copy has it as cancel_fd. */
static volatile sig_atomic_t caught;
static int cancel_pipe[2];

static void interrupt(int number)
{
	int saved = errno;

	caught = number;
	(void)!write(cancel_pipe[1], "", 1);
	errno = saved;
}

static void await_interrupts(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = interrupt }, before;

	if (pipe2(cancel_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		perror("zcp");
		exit(EXIT_FAILURE);
	}
	for (size_t i = 0; i < 3; i++)
		/* What nohup(1) has it ignore stays ignored. */
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
}

/* Progress: one line on a terminal, from the second second on, ten times a second at most. */

struct meter {
	const char *name;
	double size; /* of the source; 0: not known */
	double began, shown;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_size(double bytes, const char *after)
{
	static const char *const units[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei" };
	int unit = 0;

	for (; bytes >= 1000; unit++)
		bytes /= 1024;
	fprintf(stderr, "%.*f %s%s", bytes < 10 && unit > 0 ? 1 : 0, bytes, units[unit], after);
}

static int show(void *context, const struct zs_result *so_far)
{
	static const char bar[] = "====================";
	struct meter *meter = context;
	double time = now(), done = (double)so_far->bytes, rate = done / (time - meter->began);

	if (time < meter->began + 1 || time < meter->shown + 0.1)
		return 0;
	meter->shown = time;
	fprintf(stderr, "\r%.30s  ", meter->name);
	if (done <= meter->size) {
		long left = (long)((meter->size - done) / rate);

		fprintf(stderr, "[%-20.*s] %.0f%%, %ld:%02ld left, ", (int)(20 * done / meter->size), bar,
			100 * done / meter->size, left / 60, left % 60);
	}
	print_size(done, "B at ");
	print_size(rate, "B/s\033[K");
	return 0;
}

/* Copying */

/* What a signal has ended needs no message. */
static bool complain(const char *what, const char *name, int error)
{
	if (!caught)
		fprintf(stderr, "zcp: cannot %s '%s': %s\n", what, name, strerror(error));
	return false;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Removes what is not complete, unless the name stands for another file by now. */
static void remove_output(const char *name, const struct stat *output)
{
	struct stat there;

	if (lstat(name, &there) == 0 && is_same_file(&there, output))
		unlink(name);
}

static void tell(const char *from, const char *to, const struct zs_result *result)
{
	uint64_t rest = result->bytes - result->copied - result->holes;
	/* An odd end that the clone has left may have gone another way. */
	uint32_t others = result->via & ~(uint32_t)(ZS_VIA_CLONE | ZS_VIA_READ_WRITE);
	const char *how = !(result->via & ZS_VIA_CLONE) ? "in the kernel" : others ? "mostly shared" : "shared";

	char names[128];

	printf("'%s' -> '%s': %" PRIu64 " bytes", from, to, result->bytes);
	if (result->via) {
		zs_via_names(result->via, names, sizeof names);
		printf(" by %s", names);
	}
	if (rest > 0)
		printf(", %" PRIu64 " %s", rest, how);
	if (result->copied > 0)
		printf(", %" PRIu64 " through memory", result->copied);
	if (result->holes > 0)
		printf(", %" PRIu64 " left as holes", result->holes);
	if (result->refused) {
		zs_via_names(result->refused, names, sizeof names);
		printf("; %s refused: %s", names, strerror(result->refusal));
	}
	putchar('\n');
}

/* Everything in `in`, which is `from`, to `out`: 0, or an errno value. */
static int fill(int out, int in, const struct stat *from, struct zs_options options,
		const char *name, struct zs_result *result)
{
	struct meter meter = { .name = name, .began = now() };
	int64_t copied;

	if (S_ISREG(from->st_mode))
		meter.size = (double)from->st_size;
	if (isatty(STDERR_FILENO)) {
		options.progress = show;
		options.context = &meter;
	}
	copied = zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, result);
	if (meter.shown > 0)
		fputs("\r\033[K", stderr);
	return copied < 0 ? result->error : 0;
}

/* Opens the output, and says whether it is new. */
static int create(const char *name, mode_t mode, bool *is_new)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode & 0777);

	*is_new = fd >= 0;
	return *is_new || errno != EEXIST ? fd : open(name, O_WRONLY | O_CLOEXEC);
}

/* From `in`, which is `from`, to `out`, which is `to`: whether it went well. */
static bool copy_to(int out, const char *to, int in, const char *from, const struct zs_options *options)
{
	struct zs_result result = { 0 };
	struct stat source, target;

	if (fstat(in, &source) != 0)
		return complain("read", from, errno);
	if (fstat(out, &target) != 0)
		return complain("write", to, errno);
	if (is_same_file(&source, &target)) {
		fprintf(stderr, "zcp: '%s' and '%s' are the same file\n", from, to);
		return false;
	}
	if (S_ISREG(target.st_mode) && target.st_size > 0 && ftruncate(out, 0) != 0)
		return complain("truncate", to, errno);
	if (fill(out, in, &source, *options, from, &result) != 0)
		return result.side == ZS_SIDE_IN ? complain("read", from, result.error) : complain("write", to, result.error);
	if (verbose)
		tell(from, to, &result);
	return true;
}

static bool copy_from(int in, const char *from, const char *to, const struct zs_options *options)
{
	struct stat source, target;
	bool is_new, well;
	int out;

	if (fstat(in, &source) != 0)
		return complain("read", from, errno);
	if (S_ISDIR(source.st_mode))
		return complain("copy", from, EISDIR);
	out = create(to, source.st_mode, &is_new);
	if (out < 0)
		return complain("create", to, errno);
	is_new = is_new && fstat(out, &target) == 0;
	well = copy_to(out, to, in, from, options);
	/* A network file system may tell only now. */
	if (close(out) != 0 && well)
		well = complain("write", to, errno);
	if (!well && is_new)
		remove_output(to, &target);
	return well;
}

static bool copy(const char *from, const char *to, const struct zs_options *options)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	bool well = in >= 0 ? copy_from(in, from, to, options) : complain("open", from, errno);

	if (in >= 0)
		close(in);
	return well;
}

static bool copy_into(const char *folder, const char *from, const struct zs_options *options)
{
	const char *slash = strrchr(from, '/'), *name = slash ? slash + 1 : from;
	const char *between = folder[strlen(folder) - 1] == '/' ? "" : "/";
	char to[PATH_MAX];

	if ((size_t)snprintf(to, sizeof to, "%s%s%s", folder, between, name) >= sizeof to)
		return complain("copy", from, ENAMETOOLONG);
	return copy(from, to, options);
}

/* The command line */

static const char usage[] =
	"usage: zcp [-hvV] [--reflink=WHEN] [--sparse=WHEN] [--stable] [--rate=BYTES] SOURCE... DEST\n"
	"Copies SOURCE to the file DEST, or each SOURCE into the directory DEST.\n"
	"  --reflink=auto|always|never  share blocks with the source: where possible, or fail, or not\n"
	"  --sparse=auto|never          keep holes, or write them out as zeroes\n"
	"  --rate=BYTES                 copy so many a second at most; K, M, G: times 2^10, 2^20, 2^30\n"
	"  --stable                     hand no pages on that the source could change later\n"
	"  -v, -h, -V                   tell what went by which mechanism, and which refused; help; the version\n";

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

static void misused(void)
{
	fputs(usage, stderr);
	exit(EXIT_FAILURE);
}

/* The flag that `word` stands for: none for "auto". */
static uint32_t choice(const char *word, uint32_t always, uint32_t never)
{
	if (strcmp(word, "never") == 0)
		return never;
	if (strcmp(word, "auto") != 0 && (always == 0 || strcmp(word, "always") != 0))
		misused();
	return strcmp(word, "always") == 0 ? always : 0;
}

static uint32_t flags_of(int argc, char **argv, uint64_t *rate)
{
	static const struct option words[] = { { "reflink", required_argument, NULL, 'r' },
					       { "sparse", required_argument, NULL, 's' },
					       { "stable", no_argument, NULL, 't' },
					       { "rate", required_argument, NULL, 'R' },
					       { 0 } };
	uint32_t clone = 0, fill_holes = 0, stable = 0, version = zs_version();

	for (int option; (option = getopt_long(argc, argv, "hvV", words, NULL)) != -1;) {
		switch (option) {
		case 'r': clone = choice(optarg, ZS_CLONE, ZS_NO_CLONE); break;
		case 's': fill_holes = choice(optarg, 0, ZS_FILL_HOLES); break;
		case 't': stable = ZS_STABLE; break;
		case 'R':
			*rate = rate_of(optarg);
			if (*rate > 0)
				break;
			fprintf(stderr, "zcp: '%s' is not a number of bytes, such as 500K or 10M\n", optarg);
			exit(EXIT_FAILURE);
		case 'v': verbose = true; break;
		case 'h': exit(fputs(usage, stdout) < 0);
		case 'V': exit(printf("zcp, zsplice %u.%u\n", version >> 16, version >> 8 & 255) < 0);
		default: misused();
		}
	}
	if (argc - optind < 2 || (clone == ZS_CLONE && fill_holes))
		misused();
	return clone | fill_holes | stable;
}

int main(int argc, char **argv)
{
	struct zs_options options = { .size = sizeof options };
	uint32_t chosen = flags_of(argc, argv, &options.rate);
	const char *to = argv[argc - 1];
	struct stat target;
	bool into, well = true;

	into = stat(to, &target) == 0 && S_ISDIR(target.st_mode);
	if (!into && argc - optind > 2) {
		fprintf(stderr, "zcp: '%s' is not a directory\n", to);
		return EXIT_FAILURE;
	}
	await_interrupts();
	options.flags = chosen | ZS_CANCEL_FD | ZS_GROW_PIPE | ZS_NOSIGPIPE;
	options.cancel_fd = cancel_pipe[0];
	for (; optind < argc - 1 && !caught; optind++)
		well &= into ? copy_into(to, argv[optind], &options) : copy(argv[optind], to, &options);
	if (fflush(stdout) != 0)
		well = complain("write", "standard output", errno);
	if (caught) {
		/* So that a shell sees that a signal has ended us. */
		signal(caught, SIG_DFL);
		raise(caught);
	}
	return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
