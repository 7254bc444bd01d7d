/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* files FROM TO: copies files of the folder FROM to the folder TO in every way that zs_copy has, and compares each
 * with what was there: bytes, counts, offsets, holes. Prints one line, "WHOLE SPARSE CLONE": the mechanisms that
 * copied a file without holes and one with, and what ZS_CLONE came to. Exits with 1 if something was wrong. */
#include <zsplice.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define BEFORE (2 * MIB + 5) /* bytes in an output that exists */

static const char *from, *to;
static int wrong;

/* A file of FROM, and what has to be in it. */
struct source {
	const char *name;
	size_t len;
	unsigned char *bytes;
};

static struct source sources[] = {
	{ "whole", MIB + 77, NULL }, { "sparse", 4 * MIB, NULL }, { "empty", 0, NULL }, { "small", 100, NULL },
};

#define SOURCES (sizeof sources / sizeof *sources)

/* One transfer. */
struct way {
	const char *name;
	unsigned int flags, avoid;
	int64_t off_in, off_out;
	uint64_t len;
	int exists, appends;
};

static const struct way ways[] = {
	{ "plain", 0, 0, 0, 0, ZS_TO_END, 0, 0 },
	{ "over another", 0, 0, 0, 0, ZS_TO_END, 1, 0 },
	{ "not aligned", 0, 0, 1234, 70001, MIB / 2, 1, 0 },
	{ "aligned", 0, 0, 65536, 131072, MIB / 2, 1, 0 },
	{ "beyond the end", 0, 0, 12345, 3 * MIB + 3, MIB + 1, 1, 0 },
	{ "appended", 0, 0, 0, 0, ZS_TO_END, 1, 1 },
	{ "ZS_NO_CLONE", ZS_NO_CLONE, 0, 0, 0, ZS_TO_END, 0, 0 },
	{ "ZS_FILL_HOLES", ZS_FILL_HOLES, 0, 0, 0, ZS_TO_END, 0, 0 },
	{ "ZS_STABLE", ZS_STABLE, 0, 0, 0, ZS_TO_END, 0, 0 },
	{ "no clone, no copy_file_range", 0, ZS_VIA_CLONE | ZS_VIA_COPY_RANGE, 0, 0, ZS_TO_END, 0, 0 },
	{ "splice", 0, ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE, 0, 0, ZS_TO_END, 0, 0 },
	{ "read and write", 0, 0x3f & ~ZS_VIA_READ_WRITE, 0, 0, ZS_TO_END, 1, 0 },
	{ "ZS_CLONE", ZS_CLONE, 0, 0, 0, ZS_TO_END, 0, 0 },
	{ "ZS_CLONE over another", ZS_CLONE, 0, 0, 0, ZS_TO_END, 1, 0 },
};

#define WAYS (sizeof ways / sizeof *ways)

static void cannot(const char *what)
{
	fprintf(stderr, "%s -> %s: cannot prepare: %s: %s\n", from, to, what, strerror(errno));
	exit(2);
}

static void fails(const struct way *way, const struct source *source, const char *what)
{
	fprintf(stderr, "%s -> %s: %s, %s: %s\n", from, to, source->name, way->name, what);
	wrong = 1;
}

static int opened(const char *folder, const char *name, int flags)
{
	char path[512];
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, flags, 0644);
	if (fd < 0)
		cannot(path);
	return fd;
}

static void put(int fd, const unsigned char *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, bytes, len, at);

		if (n <= 0)
			cannot("write");
		bytes += n;
		len -= (size_t)n;
		at += n;
	}
}

/* Never 0, so that a hole shows. */
static unsigned char byte_at(size_t p, uint64_t factor)
{
	return (unsigned char)((p + 1) * factor >> 56) | 1;
}

static void fill(unsigned char *bytes, size_t begin, size_t end, uint64_t factor)
{
	for (size_t p = begin; p < end; p++)
		bytes[p] = byte_at(p, factor);
}

static const uint64_t old = 0xc2b2ae3d27d4eb4fu, new = 0x9e3779b97f4a7c15u;

static void make_sources(void)
{
	for (size_t i = 0; i < SOURCES; i++) {
		struct source *source = &sources[i];
		int fd = opened(from, source->name, O_RDWR | O_CREAT | O_TRUNC);

		source->bytes = calloc(1, source->len + 1);
		if (strcmp(source->name, "sparse") != 0) {
			fill(source->bytes, 0, source->len, new);
			put(fd, source->bytes, source->len, 0);
		} else {
			fill(source->bytes, MIB, MIB + 4101, new);
			fill(source->bytes, 2 * MIB, 3 * MIB, new);
			if (ftruncate(fd, (off_t)source->len) != 0)
				cannot("ftruncate");
			put(fd, source->bytes + MIB, 4101, (off_t)MIB);
			put(fd, source->bytes + 2 * MIB, MIB, (off_t)(2 * MIB));
		}
		if (fsync(fd) != 0 || close(fd) != 0)
			cannot("fsync");
	}
}

/* The output before the transfer. */
static unsigned char *make_output(const struct way *way, size_t room)
{
	unsigned char *bytes = calloc(1, room + BEFORE + 1);
	int fd = opened(to, "out", O_RDWR | O_CREAT | O_TRUNC);

	if (way->exists) {
		fill(bytes, 0, BEFORE, old);
		put(fd, bytes, BEFORE, 0);
	}
	close(fd);
	return bytes;
}

/* Whether the output holds these bytes, read from where it is stored. */
static int holds(const unsigned char *bytes, size_t len)
{
	int fd = opened(to, "out", O_RDWR), same;
	unsigned char *read_back = malloc(len + 1);
	size_t got = 0;
	ssize_t n;

	if (fsync(fd) != 0)
		cannot("fsync");
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (got <= len && (n = pread(fd, read_back + got, len + 1 - got, (off_t)got)) > 0)
		got += (size_t)n;
	same = got == len && memcmp(read_back, bytes, len) == 0;
	free(read_back);
	close(fd);
	return same;
}

static int64_t blocks(const char *folder, const char *name)
{
	int fd = opened(folder, name, O_RDONLY);
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		cannot("fstat");
	close(fd);
	return stat.st_blocks;
}

/* Whether st_blocks is what a file takes. A server counts what it keeps ready for more, too, or counts later. */
static int tells_room(const char *folder)
{
	struct statfs about;

	if (statfs(folder, &about) != 0)
		cannot("statfs");
	return about.f_type != NFS_SUPER_MAGIC && (uint32_t)about.f_type != 0xfe534d42 /* SMB2_SUPER_MAGIC */;
}

/* Whether the kernel tells where the holes of the input are. */
static int shows_holes(const struct source *source)
{
	int fd = opened(from, source->name, O_RDONLY);
	off_t hole = lseek(fd, 0, SEEK_HOLE);

	close(fd);
	return hole >= 0 && hole < (off_t)source->len;
}

static const char *via_of(const struct zs_result *result)
{
	static char names[128];
	char *end = names;

	zs_via_names(result->via, names, sizeof names);
	for (const char *c = names; *c; c++)
		if (*c != ' ')
			*end++ = *c == ',' ? '+' : *c;
	*end = 0;
	return *names ? names : "-";
}

/* Plays a way, and compares; what it came to is left in `result`. */
static int play(const struct way *way, const struct source *source, struct zs_result *result)
{
	size_t begin = (size_t)way->off_in < source->len ? (size_t)way->off_in : source->len, base = way->exists ? BEFORE : 0;
	size_t len = source->len - begin < way->len ? source->len - begin : (size_t)way->len;
	size_t at = way->appends ? base : (size_t)way->off_out, size = len > 0 && at + len > base ? at + len : base;
	unsigned char *wanted = make_output(way, size);
	int in = opened(from, source->name, O_RDONLY), out = opened(to, "out", O_RDWR | (way->appends ? O_APPEND : 0));
	int64_t off_in = way->off_in, off_out = way->off_out, rc;
	struct zs_options options = { .size = sizeof options, .flags = way->flags, .avoid = way->avoid };

	rc = zs_copy(in, &off_in, out, way->appends ? NULL : &off_out, way->len, &options, result);
	close(in);
	close(out);
	if (rc < 0 && !(way->flags & ZS_CLONE))
		fails(way, source, strerror(result->error));
	if (rc >= 0) {
		memcpy(wanted + at, source->bytes + begin, len);
		if (rc != (int64_t)len || result->bytes != len || off_in != way->off_in + (int64_t)len
		    || (!way->appends && off_out != (int64_t)(at + len) && len > 0))
			fails(way, source, "the counts are wrong");
	} else if (result->bytes != 0) {
		fails(way, source, "refused, and yet something was written");
	}
	if (!holds(wanted, rc < 0 ? base : size))
		fails(way, source, "the bytes are wrong");
	free(wanted);
	return rc < 0 ? result->error : 0;
}

static void play_all(const struct source *source, char mechanisms[128], char *clone, size_t room)
{
	struct zs_result result;

	/* What is small goes one way only. */
	for (size_t i = 0; i < (source->len < MIB ? 3 : WAYS); i++) {
		int error = play(&ways[i], source, &result);

		if (i == 0)
			snprintf(mechanisms, 128, "%s", via_of(&result));
		if (i == 0 && source->len == 4 * MIB && tells_room(to) && shows_holes(source)
		    && blocks(to, "out") > blocks(from, "sparse") + 64)
			strncat(mechanisms, "(filled)", 127 - strlen(mechanisms));
		if (strcmp(ways[i].name, "ZS_CLONE") == 0)
			snprintf(clone, room, "%s", error == 0 ? "yes" : error == EXDEV ? "EXDEV"
				 : error == EOPNOTSUPP ? "EOPNOTSUPP" : strerror(error));
	}
}

int main(int argc, char **argv)
{
	char whole[128], sparse[128], clone[64], ignored[128], other[64];

	if (argc != 3)
		return 2;
	from = argv[1];
	to = argv[2];
	make_sources();
	play_all(&sources[0], whole, clone, sizeof clone);
	play_all(&sources[1], sparse, other, sizeof other);
	play_all(&sources[2], ignored, other, sizeof other);
	play_all(&sources[3], ignored, other, sizeof other);
	printf("%s %s %s\n", whole, sparse, clone);
	return wrong;
}
