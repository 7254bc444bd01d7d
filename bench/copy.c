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

enum { SIZE = 256 * MiB, FILES = 1000, EACH = 64 << 10, SPARSE_DATA = 100 * MiB };

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

static void copy_range_way(unsigned int times)
{
	(void)times;
	by_copy_range(source, target, size);
}

static void sendfile_way(unsigned int times)
{
	(void)times;
	by_sendfile(source, target, size);
}

static void splice_way(unsigned int times)
{
	(void)times;
	through_pipe(source, target, size, 256 << 10);
}

static void buffer_way(unsigned int times)
{
	(void)times;
	through_buffer(source, target, size, 128 << 10);
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

/* Names of the two files for programs, which get them as standard input and output. The files have no
 * other names, so that none is left behind, whatever happens. */
static char from_name[64], to_name[64];

static void run(unsigned int times)
{
	(void)times;
	MUST(ends_well(start(bench_way->command, source, target)));
}

static const char python_code[] = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])";
static const char *cp[] = { "cp", "--reflink=never", from_name, to_name, NULL }, *cp_sparse[] = { "cp", from_name, to_name, NULL },
		  *cat[] = { "cat", NULL }, *dd[] = { "dd", "bs=128K", "status=none", NULL },
		  *rust[] = { "./copy-rust", NULL }, *rust_generic[] = { "./copy-rust", "generic", NULL },
		  *go[] = { "./copy-go", NULL }, *go_generic[] = { "./copy-go", "generic", NULL },
		  *python[] = { "python3", "-c", python_code, from_name, to_name, NULL };

static struct way whole[] = {
	{ .name = "zs_copy", .run = zs },
	{ .name = "copy_file_range", .run = copy_range_way },
	{ .name = "sendfile", .run = sendfile_way },
	{ .name = "splice 256K", .run = splice_way },
	{ .name = "read/write 128K", .run = buffer_way },
};
static const struct { struct way way; const char *goal; } programs[] = {
	{ { .name = "cp", .run = run, .command = cp }, ">= 1.05" },
	{ { .name = "cat", .run = run, .command = cat }, "-" },
	{ { .name = "dd bs=128K", .run = run, .command = dd }, "-" },
	{ { .name = "Python shutil", .run = run, .command = python }, "-" },
	{ { .name = "Rust io::copy", .run = run, .command = rust }, "-" },
	{ { .name = "Rust, generic", .run = run, .command = rust_generic }, ">= 1.5" },
	{ { .name = "Go io.Copy", .run = run, .command = go }, "-" },
	{ { .name = "Go, generic", .run = run, .command = go_generic }, ">= 1.5" },
};

static void rewind_both(void)
{
	lseek(source, 0, SEEK_SET);
	lseek(target, 0, SEEK_SET);
	MUST(ftruncate(target, 0) == 0);
}

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

static void file_to_file(const char *place, int from, int to)
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
		if (found(ways[count].command[0]))
			count++;
		else
			missing(ways[count].name, "not found, or not compiled");
	}
	interleave(ways, count, job, 3);
	compare(place, &ways[0], best(ways + 1, COUNT(whole) - 1), job, ">= 0.98");
	for (size_t i = 1; i < COUNT(whole); i++)
		compare(place, &ways[0], &ways[i], job, "-");
	for (size_t i = COUNT(whole); i < count; i++)
		compare(place, &ways[0], &ways[i], job, goals[i]);
	close_both();
}

/* Clones */

static void clone_of(const char *what, size_t bytes)
{
	struct way ways[] = { { .name = "zs_copy", .run = zs }, { .name = "FICLONE", .run = clone_way },
			      { .name = "zs_copy, offsets", .run = zs_offsets } };
	struct job job = { .times = 1, .before = rewind_both };

	size = bytes;
	these(file_of(unnamed(), bytes), unnamed());
	fsync(source);
	if (ioctl(target, FICLONE, source) == 0) {
		interleave(ways, 3, job, 1);
		compare(what, &ways[0], &ways[1], job, "<= 1.11");
		compare(what, &ways[2], &ways[1], job, "<= 1.11");
	} else {
		missing(what, strerror(errno));
	}
	close_both();
}

/* On a file system in a file, in a mount namespace of our own, which ends with us. */
static void clones(const char *type, const char *make)
{
	char what[64], command[256];
	const char *words[] = { "sh", "-c", command, NULL };
	pid_t pid;

	snprintf(what, sizeof what, "clone, %s", type);
	if (geteuid() != 0) {
		missing(what, "mounting takes root");
		return;
	}
	snprintf(command, sizeof command,
		 "PATH=$PATH:/sbin:/usr/sbin; truncate -s 512M image && { %s image && mount -o loop image /mnt; } "
		 "> /dev/null 2>&1; status=$?; rm -f image; exit $status", make);
	if ((pid = child()) == 0) {
		if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    !ends_well(start(words, STDIN_FILENO, STDOUT_FILENO)) || chdir("/mnt") != 0) {
			missing(what, "no such file system here");
		} else {
			snprintf(what, sizeof what, "clone 1 MiB, %s", type);
			clone_of(what, MiB);
			snprintf(what, sizeof what, "clone 64 MiB, %s", type);
			clone_of(what, 64 * MiB);
		}
		fflush(stdout);
		_exit(0);
	}
	MUST(ends_well(pid));
}

/* Holes */

static void sparse(const char *what, off_t length)
{
	static char data[EACH] = "data";
	struct way ways[] = { { .name = "zs_copy", .run = zs }, { .name = "cp", .run = run, .command = cp_sparse } };
	struct job job = { .times = 1, .before = rewind_both, .rounds = 7 };
	const int pieces = SPARSE_DATA / EACH;

	size = (size_t)length;
	these(unnamed(), unnamed());
	for (int i = 0; i < pieces; i++)
		MUST(pwrite(source, data, EACH, length / pieces / 4096 * 4096 * i) == EACH);
	MUST(ftruncate(source, length) == 0);
	interleave(ways, 2, job, 2);
	compare(what, &ways[0], &ways[1], job, "<= 1.0");
	close_both();
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
	compare("many files of 64 KiB", &ways[0], best(ways + 2, 3), job, ">= 1.0");
	compare("many files of 64 KiB", &ways[1], best(ways + 2, 3), job, ">= 1.0");
	for (int i = 0; i < FILES; i++) {
		close(many[0][i]);
		close(many[1][i]);
	}
}

/* Small copies, one after the other into a new file: time, and number of system calls */

static void small_zs(unsigned int times)
{
	for (; times > 0; times--)
		MUST(zs_copy(source, NULL, target, NULL, size, NULL, &result) == (int64_t)size);
}

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
	{ "4 KiB", 4 << 10, "<= 1.4", "-" },
	{ "64 KiB", EACH, "-", "<= +1" }, /* the best uses one call, fewer than read and write */
};

static void small_copies(void)
{
	struct way ways[] = { { .name = "zs_copy", .run = small_zs },
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
		small_zs(1); /* so that malloc(3) has its memory */
	}
	for (size_t i = 0; i < COUNT(smalls); i++) {
		size = smalls[i].bytes;
		getppid();
		small_zs(1);
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
	file_to_file("this folder", unnamed(), unnamed());
	file_to_file("tmpfs", memfd_create("source", MFD_CLOEXEC), memfd_create("target", MFD_CLOEXEC));
	heading("sharing blocks");
	clones("xfs", "mkfs.xfs -q -f -m reflink=1");
	clones("btrfs", "mkfs.btrfs -q -f");
	heading("files with holes: 100 MiB of data");
	sparse("in 10 GiB", (off_t)10 << 30);
	sparse("in 1 GiB", (off_t)1 << 30);
	heading("small copies");
	many_files();
	small_copies();
	small_counted();
	return 0;
}
