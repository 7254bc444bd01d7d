/* zs_copy between files, compared with the best hand-written loops and with whole programs.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zsplice.h>

#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "bench.h"
#include "ends.h"

enum { SIZE = 256 * MiB, FLUSHED = 32 * MiB, FILES = 1000, EACH = 64 << 10 };

static int source, target;
static size_t size;                    /* of the file copied */
static struct zs_result result;

/* Methods to copy `size` bytes at the descriptors' positions, as one should write them by hand. */

static void through_buffer(int in, int out, size_t len, size_t piece)
{
	static char buffer[MiB];

	for (ssize_t got; len > 0; len -= (size_t)got) {
		MUST((got = read(in, buffer, least(len, piece))) > 0);
		MUST(write(out, buffer, (size_t)got) == got);
	}
}

static void through_pipe(int in, int out, size_t len, int room)
{
	int between[2];

	MUST(pipe2(between, O_CLOEXEC) == 0 && grow(between[1], room));
	for (ssize_t got; len > 0; len -= (size_t)got) {
		MUST((got = splice(in, NULL, between[1], NULL, least(len, (size_t)room), 0)) > 0);
		for (ssize_t put, left = got; left > 0; left -= put)
			MUST((put = splice(between[0], NULL, out, NULL, (size_t)left, 0)) > 0);
	}
	close(between[0]);
	close(between[1]);
}

static void by_copy_range(int in, int out, size_t len)
{
	for (ssize_t moved; len > 0; len -= (size_t)moved)
		MUST((moved = copy_file_range(in, NULL, out, NULL, len, 0)) > 0);
}

static void by_sendfile(int in, int out, size_t len)
{
	for (ssize_t moved; len > 0; len -= (size_t)moved)
		MUST((moved = sendfile(out, in, NULL, len)) > 0);
}

static void zs(unsigned int times)
{
	for (; times > 0; times--)
		MUST(zs_copy(source, NULL, target, NULL, ZS_TO_END, NULL, &result) == (int64_t)size);
}

static void zs_of_size(unsigned int times)
{
	for (; times > 0; times--)
		MUST(zs_copy(source, NULL, target, NULL, size, NULL, &result) == (int64_t)size);
}

static void copy_range_way(unsigned int times)
{
	for (; times > 0; times--)
		by_copy_range(source, target, size);
}

static void sendfile_way(unsigned int times)
{
	for (; times > 0; times--)
		by_sendfile(source, target, size);
}

static void splice_way(unsigned int times)
{
	for (; times > 0; times--)
		through_pipe(source, target, size, 256 << 10);
}

static void buffer_way(unsigned int times)
{
	for (; times > 0; times--)
		through_buffer(source, target, size, 128 << 10);
}

static void large_buffer_way(unsigned int times)
{
	for (; times > 0; times--)
		through_buffer(source, target, size, 256 << 10);
}

static void zs_offsets(unsigned int times)
{
	for (; times > 0; times--) {
		int64_t from = 0, to = 0;

		MUST(zs_copy(source, &from, target, &to, size, NULL, &result) == (int64_t)size);
	}
}

static void clone_way(unsigned int times)
{
	(void)times;
	MUST(ioctl(target, FICLONE, source) == 0);
}

/* Names of the two files for programs, which get them as standard input and output, too. As a rule the files
 * have no other names, so that none is left behind, whatever happens. */
static char from_name[64], to_name[64];

/* Names in this folder, for programs that do without those of /proc: xcp reads a file by the name that a symbolic
 * link has, and rsync replaces its output. bench/run removes them, whatever happens. */
#define NAMED_FROM "copy.from"
#define NAMED_TO "copy.to"

static void run(unsigned int times)
{
	(void)times;
	MUST(ends_well(start(bench_way->command, source, target)));
}

static const char python_code[] = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])";
static const char *cp[] = { "cp", "--reflink=never", from_name, to_name, NULL }, *cat[] = { "cat", NULL },
		  *dd[] = { "dd", "bs=128K", "status=none", NULL },
		  *rust[] = { "./copy-rust", NULL }, *rust_generic[] = { "./copy-rust", "generic", NULL },
		  *go[] = { "./copy-go", NULL }, *go_generic[] = { "./copy-go", "generic", NULL },
		  *pv[] = { "pv", "-q", NULL }, *rsync[] = { "rsync", "-W", NAMED_FROM, NAMED_TO, NULL },
		  *xcp[] = { "xcp", "--no-progress", "--no-perms", NAMED_FROM, to_name, NULL },
		  *xcp_one[] = { "xcp", "--no-progress", "--no-perms", "-w", "1", NAMED_FROM, to_name, NULL },
		  *python[] = { "python3", "-c", python_code, from_name, to_name, NULL };

static struct way whole[] = {
	{ .name = "zs_copy", .run = zs },
	{ .name = "copy_file_range", .run = copy_range_way },
	{ .name = "sendfile", .run = sendfile_way },
	{ .name = "splice 256K", .run = splice_way },
	{ .name = "read/write 128K", .run = buffer_way },
};
static const struct { struct way way; const char *goal; } programs[] = {
	{ { .name = "cp", .run = run, .command = cp }, ">= 0.98" },
	{ { .name = "cat", .run = run, .command = cat }, ">= 0.98" },
	{ { .name = "xcp", .run = run, .command = xcp }, ">= 0.98" },
	{ { .name = "xcp, 1 worker", .run = run, .command = xcp_one }, ">= 0.98" },
	{ { .name = "rsync", .run = run, .command = rsync }, "-" },
	{ { .name = "pv", .run = run, .command = pv }, "-" },
	{ { .name = "dd bs=128K", .run = run, .command = dd }, "-" },
	{ { .name = "Python shutil", .run = run, .command = python }, "-" },
	{ { .name = "Rust io::copy", .run = run, .command = rust }, "-" },
	{ { .name = "Rust, generic", .run = run, .command = rust_generic }, ">= 1.5" },
	{ { .name = "Go io.Copy", .run = run, .command = go }, "-" },
	{ { .name = "Go, generic", .run = run, .command = go_generic }, ">= 1.5" },
};

static void these(int from, int to)
{
	source = from;
	target = to;
	snprintf(from_name, sizeof from_name, "/proc/%d/fd/%d", (int)getpid(), from);
	snprintf(to_name, sizeof to_name, "/proc/%d/fd/%d", (int)getpid(), to);
}

static void close_both(void)
{
	close(source);
	close(target);
}

static void rewind_both(void)
{
	unlink(NAMED_TO);
	lseek(source, 0, SEEK_SET);
	lseek(target, 0, SEEK_SET);
	MUST(ftruncate(target, 0) == 0);
}

static int named(void)
{
	return open(NAMED_FROM, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* Whether a program is there, and copies the file, which has a name in this folder or not. */
static bool can(const struct way *program, bool has_name)
{
	bool is_able;

	if (!has_name && (program->command == rsync || program->command == xcp || program->command == xcp_one))
		return false;
	rewind_both();
	is_able = found(program->command[0]) && ends_well(start(program->command, source, target));
	if (!is_able)
		missing(program->name, "not found, not compiled, or it fails");
	return is_able;
}

static void file_to_file(const char *place, int from, int to, bool has_name)
{
	struct job job = { .times = 1, .bytes = SIZE, .before = rewind_both, .rounds = 7 };
	struct way ways[COUNT(whole) + COUNT(programs)];
	const char *goals[COUNT(ways)];
	size_t count = COUNT(whole);

	size = SIZE;
	these(file_of(from, SIZE), to);
	memcpy(ways, whole, sizeof whole);
	for (size_t i = 0; i < COUNT(programs); i++) {
		ways[count] = programs[i].way;
		goals[count] = programs[i].goal;
		count += can(&ways[count], has_name);
	}
	interleave(ways, count, job, 6);
	compare(place, &ways[0], best(ways + 1, COUNT(whole) - 1), job, ">= 0.98");
	for (size_t i = 1; i < COUNT(whole); i++)
		compare(place, &ways[0], &ways[i], job, "-");
	for (size_t i = COUNT(whole); i < count; i++)
		compare(place, &ways[0], &ways[i], job, goals[i]);
	close_both();
	unlink(NAMED_FROM);
}

/* The input comes from the disk. */
static void rewind_cold(void)
{
	rewind_both();
	MUST(posix_fadvise(source, 0, 0, POSIX_FADV_DONTNEED) == 0);
}

static void cold(void)
{
	struct job job = { .times = 1, .bytes = SIZE, .before = rewind_cold, .rounds = 5 };
	struct way all[] = { { .name = "zs_copy", .run = zs }, { .name = "read/write 128K", .run = buffer_way },
			     { .name = "cp", .run = run, .command = cp }, { .name = "xcp", .run = run, .command = xcp } };
	size_t count = COUNT(all);

	size = SIZE;
	these(file_of(named(), SIZE), unnamed());
	MUST(fsync(source) == 0);
	count -= !can(&all[count - 1], true);
	interleave(all, count, job, 4);
	for (size_t i = 1; i < count; i++)
		compare("this folder, from the disk", &all[0], &all[i], job, ">= 0.98");
	close_both();
	unlink(NAMED_FROM);
}

/* An output that flushes each write */

static void flushed(void)
{
	struct job job = { .times = 1, .bytes = FLUSHED, .before = rewind_both, .rounds = 5 };
	struct way ways[] = { { .name = "zs_copy", .run = zs }, { .name = "read/write 256K", .run = large_buffer_way } };
	int plain = unnamed();

	size = FLUSHED;
	these(file_of(unnamed(), FLUSHED), plain);
	MUST((target = open(to_name, O_WRONLY | O_DSYNC | O_CLOEXEC)) >= 0);
	close(plain);
	interleave(ways, 2, job, 3);
	compare("O_DSYNC, 32 MiB", &ways[0], &ways[1], job, ">= 1.0");
	close_both();
}

/* Throughput against size */

static void plot_sizes(void)
{
	static struct way ways[] = { { .name = "zs_copy", .run = zs_of_size },
				     { .name = "copy_file_range", .run = copy_range_way },
				     { .name = "splice, pipe of 256K", .run = splice_way },
				     { .name = "read/write 128K", .run = buffer_way } };
	struct job job = { .before = rewind_both, .rounds = 7 };

	these(file_of(unnamed(), SIZE), unnamed());
	for (size = 1 << 10; size <= SIZE; size *= 4) {
		job.times = (unsigned int)least(64, SIZE / size);
		interleave(ways, COUNT(ways), job, 0.4);
		for (size_t i = 0; i < COUNT(ways); i++)
			point("copy", ways[i].name, (double)size, (double)size / ways[i].median * 1e9 / (1 << 30));
	}
	close_both();
}

/* Clones */

static void clone_of(const char *what, size_t bytes, const char *goal)
{
	struct way ways[] = { { .name = "zs_copy", .run = zs }, { .name = "FICLONE", .run = clone_way },
			      { .name = "zs_copy, offsets", .run = zs_offsets } };
	struct job job = { .times = 1, .before = rewind_both };

	size = bytes;
	these(file_of(unnamed(), bytes), unnamed());
	fsync(source);
	if (ioctl(target, FICLONE, source) == 0) {
		interleave(ways, 3, job, 1);
		compare(what, &ways[0], &ways[1], job, goal);
		compare(what, &ways[2], &ways[1], job, goal);
	} else {
		missing(what, strerror(errno));
	}
	close_both();
}

/* Holes */

static void zs_no_clone(unsigned int times)
{
	struct zs_options options = { .flags = ZS_NO_CLONE };

	for (; times > 0; times--)
		MUST(zs_copy(source, NULL, target, NULL, ZS_TO_END, &options, &result) == (int64_t)size);
}

/* `piece` bytes of data in every `distance`, copied, not shared. */
static void sparse(const char *what, size_t count, size_t piece, size_t distance, bool shares)
{
	static char data[EACH] = "data";
	struct way ways[] = { { .name = "zs_copy", .run = shares ? zs_no_clone : zs },
			      { .name = "cp", .run = run, .command = cp } };
	struct job job = { .times = 1, .before = rewind_both, .rounds = 5 };

	size = distance * count;
	for (size_t i = 0; i < count; i++)
		MUST(pwrite(source, data, piece, (off_t)(distance * i)) == (ssize_t)piece);
	MUST(ftruncate(source, (off_t)size) == 0);
	interleave(ways, 2, job, 1.5);
	compare(what, &ways[0], &ways[1], job, "<= 1.0");
	close_both();
}

static void many_extents(const char *where, bool shares)
{
	char what[64];

	snprintf(what, sizeof what, "30,000 extents of 4 KiB, %s", where);
	sparse(what, 30000, 4 << 10, 12 << 10, shares);
}

/* On a file system in a file, in a mount namespace of our own, which ends with us. */
static void in_file_system(const char *type, const char *make, const char *goal)
{
	char what[64], command[256];
	const char *words[] = { "sh", "-c", command, NULL };
	pid_t pid;

	snprintf(what, sizeof what, "on %s", type);
	if (geteuid() != 0) {
		missing(what, "mounting takes root");
		return;
	}
	snprintf(command, sizeof command,
		 "PATH=$PATH:/sbin:/usr/sbin; truncate -s 1G image && { %s image && mount -o loop image /mnt; } "
		 "> /dev/null 2>&1; status=$?; rm -f image; exit $status", make);
	if ((pid = child()) == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    !ends_well(start(words, STDIN_FILENO, STDOUT_FILENO)) || chdir("/mnt") != 0) {
			missing(what, "no such file system here");
		} else {
			snprintf(what, sizeof what, "clone 1 MiB, %s", type);
			clone_of(what, MiB, goal);
			snprintf(what, sizeof what, "clone 64 MiB, %s", type);
			clone_of(what, 64 * MiB, goal);
			these(unnamed(), unnamed());
			many_extents(type, true);
		}
		fflush(stdout);
		_exit(0);
	}
	MUST(ends_well(pid));
}

/* Many files */

static int many[2][FILES];

static void many_zs(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		MUST(zs_copy(many[0][i], NULL, many[1][i], NULL, ZS_TO_END, NULL, &result) == EACH);
}

static void many_zs_offsets(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		int64_t from = 0, to = 0;

		MUST(zs_copy(many[0][i], &from, many[1][i], &to, ZS_TO_END, NULL, &result) == EACH);
	}
}

static void many_copy_range(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		by_copy_range(many[0][i], many[1][i], EACH);
}

static void many_sendfile(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		by_sendfile(many[0][i], many[1][i], EACH);
}

static void many_buffer(unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		through_buffer(many[0][i], many[1][i], EACH, EACH);
}

static void rewind_many(void)
{
	for (int i = 0; i < FILES; i++) {
		lseek(many[0][i], 0, SEEK_SET);
		lseek(many[1][i], 0, SEEK_SET);
		MUST(ftruncate(many[1][i], 0) == 0);
	}
}

/* Ten times a thousand: some systems allow no more descriptors. */
static void many_files(void)
{
	struct way ways[] = { { .name = "zs_copy", .run = many_zs },
			      { .name = "zs_copy, offsets", .run = many_zs_offsets },
			      { .name = "copy_file_range", .run = many_copy_range },
			      { .name = "sendfile", .run = many_sendfile },
			      { .name = "read/write 64K", .run = many_buffer } };
	struct job job = { .times = FILES, .bytes = EACH, .before = rewind_many, .rounds = 10 };

	for (int i = 0; i < FILES; i++) {
		many[0][i] = file_of(unnamed(), EACH);
		many[1][i] = unnamed();
	}
	interleave(ways, COUNT(ways), job, 2);
	compare("many files of 64 KiB", &ways[0], best(ways + 2, 3), job, ">= 0.98");
	compare("many files of 64 KiB", &ways[1], best(ways + 2, 3), job, ">= 0.98");
	for (int i = 0; i < FILES; i++) {
		close(many[0][i]);
		close(many[1][i]);
	}
}

/* Small copies, one after the other into a new file: time, and number of system calls */

static void small_by_hand(unsigned int times)
{
	static char buffer[EACH];

	for (; times > 0; times--) {
		MUST(read(source, buffer, size) == (ssize_t)size);
		MUST(write(target, buffer, size) == (ssize_t)size);
	}
}

static const struct { const char *name; size_t bytes; const char *goal, *calls; } smalls[] = {
	{ "1 B", 1, "-", "<= +5" },
	{ "4 KiB", 4 << 10, "<= 1.3", "-" },
	{ "64 KiB", EACH, "-", "<= +1" }, /* the best uses one call, fewer than read and write */
};

static void small_copies(void)
{
	struct way ways[] = { { .name = "zs_copy", .run = zs_of_size },
			      { .name = "read, write", .run = small_by_hand } };
	struct job job = { .times = 20, .before = rewind_both };

	these(file_of(unnamed(), 20 * EACH), unnamed());
	for (size_t i = 0; i < COUNT(smalls); i++) {
		size = smalls[i].bytes;
		interleave(ways, 2, job, 0.5);
		compare(smalls[i].name, &ways[0], &ways[1], job, smalls[i].goal);
	}
}

/* For strace(1): every copy stands between two calls of getppid(). */
static void small_traced(void)
{
	these(file_of(unnamed(), 20 * EACH), unnamed());
	rewind_both();
	for (size_t i = 0; i < COUNT(smalls); i++) {
		size = smalls[i].bytes;
		zs_of_size(1); /* so that malloc(3) has its memory */
	}
	for (size_t i = 0; i < COUNT(smalls); i++) {
		size = smalls[i].bytes;
		getppid();
		zs_of_size(1);
		getppid();
		small_by_hand(1);
	}
	getppid();
}

static void small_counted(void)
{
	static const char *words[] = { "strace", "-o", "copy.trace", "./copy", "traced", NULL };
	int calls[2 * COUNT(smalls) + 1] = { 0 }, at = -1;
	char line[4096];
	FILE *trace;

	if (!found("strace") || !ends_well(start(words, STDIN_FILENO, STDERR_FILENO))) {
		missing("system calls", "no strace that works");
		return;
	}
	MUST((trace = fopen("copy.trace", "r")) != NULL);
	while (fgets(line, sizeof line, trace) && at < (int)COUNT(calls) - 1) {
		if (strncmp(line, "getppid(", 8) == 0)
			at++;
		else if (at >= 0)
			calls[at]++;
	}
	fclose(trace);
	unlink("copy.trace");
	for (size_t i = 0; i < COUNT(smalls); i++)
		printf("compare\t%s\tcalls\tzs_copy\t%d\tread, write\t%d\t%+d\t0\t%s\n", smalls[i].name, calls[2 * i],
		       calls[2 * i + 1], calls[2 * i] - calls[2 * i + 1], smalls[i].calls);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "traced") == 0) {
		small_traced();
		return 0;
	}
	heading("a file of 256 MiB to a new one");
	file_to_file("this folder", named(), unnamed(), true);
	file_to_file("tmpfs", memfd_create("source", MFD_CLOEXEC), memfd_create("target", MFD_CLOEXEC), false);
	cold();
	flushed();
	heading("files with holes");
	these(unnamed(), unnamed());
	many_extents("this folder", false);
	these(memfd_create("source", MFD_CLOEXEC), memfd_create("target", MFD_CLOEXEC));
	many_extents("tmpfs", false);
	these(unnamed(), unnamed());
	sparse("10 GiB, 1 % data", 1600, EACH, (size_t)6400 << 10, false);
	these(unnamed(), unnamed());
	sparse("1 GiB, 10 % data", 1600, EACH, 640 << 10, false);
	heading("file systems that share blocks");
	in_file_system("xfs", "mkfs.xfs -q -f -m reflink=1", "<= 1.10");
	in_file_system("btrfs", "mkfs.btrfs -q -f", "<= 1.15");
	heading("small copies");
	many_files();
	small_copies();
	small_counted();
	plot_sizes();
	return 0;
}
