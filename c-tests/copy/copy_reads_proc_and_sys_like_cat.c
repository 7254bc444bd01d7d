/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files of /proc and /sys, whose size means nothing and which most mechanisms cannot read, are copied as cat(1)
 * copies them, to every kind of output, by position and by offset. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

static const char *const names[] = {
	"/proc/version", "/proc/filesystems", "/proc/self/cmdline", "/proc/self/mountinfo",
	"/proc/self/limits", "/proc/sys/kernel/ostype", "/proc/sys/kernel/pid_max", "/proc/devices",
	"/proc/self/environ", "/proc/config.gz", "/proc/kallsyms", "/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/kernel/notes", "/sys/fs/cgroup/cgroup.controllers", "/sys/class/net/lo/address",
	"/sys/fs/cgroup/memory/memory.limit_in_bytes",
};

static char wanted[16 << 20], got[16 << 20];

/* Reads the file as cat(1) does. Returns its length, or -1 if it cannot be read or is empty. */
static ssize_t cat(const char *name)
{
	int fd = open(name, O_RDONLY);
	ssize_t len = 0, n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, wanted + len, 65536)) > 0)
		len += n;
	MUST(close(fd) == 0);
	return n < 0 || len == 0 ? -1 : len;
}

static void *reads(void *argument)
{
	int *fd = argument;

	return (void *)t_read(*fd, got, sizeof got);
}

static void same(const char *name, ssize_t len, enum t_place to, int with, struct zs_options options)
{
	struct zs_result result;
	int in = open(name, O_RDONLY), out[2];
	int64_t off = 0;
	pthread_t reader = 0;
	void *read_len = NULL;

	t_scene("%s to %s with %d", name, t_place_name(to), with);
	MUST(in >= 0);
	if (to == T_AT_FILE) {
		out[0] = out[1] = t_file(0);
	} else {
		t_stream((enum t_stream)(to - 1), out);
		reader = t_thread(reads, &out[0]);
	}
	T_EQ(zs_copy(in, with ? &off : NULL, out[1], NULL, ZS_TO_END, &options, &result), len);
	OK(!with || (off == len && t_position(in) == 0));
	OK(with || t_position(in) == len || lseek(in, 0, SEEK_CUR) < 0);
	if (to == T_AT_FILE) {
		T_EQ(pread(out[0], got, sizeof got, 0), len);
	} else {
		MUST(close(out[1]) == 0 && pthread_join(reader, &read_len) == 0);
		T_EQ((ssize_t)read_len, len);
	}
	T_EQ(memcmp(got, wanted, (size_t)len), 0);
	T_EQ(result.bytes, (uint64_t)len);
	T_EQ(result.holes, 0);
	MUST(close(out[0]) == 0 && close(in) == 0);
}

int main(void)
{
	int seen = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		ssize_t len = cat(names[i]), again = cat(names[i]);

		if (len < 0 || len != again)
			continue;
		seen++;
		for (int to = 0; to < T_PLACES; to++)
			for (int with = 0; with < 2; with++) {
				if (strcmp(names[i], "/proc/kallsyms") == 0 && (to != T_AT_FILE || with))
					continue;
				same(names[i], len, (enum t_place)to, with, (struct zs_options){ 0 });
				same(names[i], len, (enum t_place)to, with, (struct zs_options){
					.timeout_ns = T_MS(60000) });
				same(names[i], len, (enum t_place)to, with, (struct zs_options){
					.flags = ZS_NO_CLONE | ZS_STABLE });
			}
	}
	OK(seen >= 6);

	/* A file whose text is known: the status of this process. */
	{
		int in = open("/proc/self/status", O_RDONLY), out = t_file(0);

		MUST(in >= 0);
		OK(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL) > 100);
		if (T_EQ(pread(out, got, 5, 0), 5))
			T_EQ(memcmp(got, "Name:", 5), 0);
		T_EQ(t_size(out), t_position(in));
		/* A file that cannot be read is an error of the input. */
		in = open("/proc/self/mem", O_RDONLY);
		MUST(in >= 0);
		struct zs_result result;

		T_EQ(zs_copy(in, &(int64_t){ 0 }, out, NULL, 10, NULL, &result), -1);
		T_EQ(errno, EIO);
		T_EQ(result.side, ZS_SIDE_IN);
		T_EQ(result.bytes, 0);
		/* Such a file as the output. */
		in = t_file(0);
		MUST(pwrite(in, "zsplice", 7, 0) == 7);
		out = open("/proc/self/comm", O_RDWR);
		MUST(out >= 0);
		T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL), 7);
		if (T_EQ(pread(out, got, 16, 0), 8))
			T_EQ(memcmp(got, "zsplice\n", 8), 0);
		/* It takes no write at an offset, also if the input has holes. */
		MUST(pwrite(in, "holes", 6, 0) == 6 && ftruncate(in, 8192) == 0);
		MUST(lseek(in, 0, SEEK_SET) == 0 && lseek(out, 0, SEEK_SET) == 0);
		T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, NULL), 8192);
		if (T_EQ(pread(out, got, 16, 0), 6))
			T_EQ(memcmp(got, "holes\n", 6), 0);
	}
	return t_done();
}
