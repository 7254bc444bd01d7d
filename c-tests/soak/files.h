/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Files that change while they are copied, file systems that fill up while they are written, and little memory. */
#ifndef FILES_H
#define FILES_H

/* ---- Files that change. Byte p is always the pattern's or 0, whatever happens to the file. ---- */

enum { MOST = 1 << 20 };

struct changer {
	int fd, stop;
	uint64_t chance;
};

static void change(struct changer *changer)
{
	static __thread unsigned char piece[65536];
	uint64_t at = t_below(&changer->chance, MOST), n = 1 + t_below(&changer->chance, sizeof piece);

	switch (t_below(&changer->chance, 5)) {
	case 0:
		MUST(ftruncate(changer->fd, (off_t)at) == 0);
		break;
	case 1: /* a file system without holes refuses */
		(void)fallocate(changer->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)n);
		break;
	case 2:
		MUST(ftruncate(changer->fd, MOST) == 0);
		break;
	default:
		t_pattern(piece, n, at);
		MUST(pwrite(changer->fd, piece, n, (off_t)at) == (ssize_t)n);
	}
}

static void *keep_changing(void *argument)
{
	struct changer *changer = argument;

	while (!__atomic_load_n(&changer->stop, __ATOMIC_RELAXED)) {
		change(changer);
		stall(&changer->chance);
	}
	return NULL;
}

static int is_pattern_or_zero(const unsigned char *bytes, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != 0 && bytes[i] != t_pattern_at(from + i))
			return 0;
	return 1;
}

/* Copied to a file, at the position that its name stands for. */
static void changing_into_a_file(int in, int folder, uint32_t flags)
{
	struct zs_options options = { .size = sizeof options, .flags = flags };
	struct zs_result result;
	int out = t_file_in(folder, NULL, 0, 0);
	unsigned char *got = malloc(2 * MOST);
	ssize_t n;

	let_signals_in(1);
	count(zs_copy(in, NULL, out, NULL, ZS_TO_END, &options, &result), &result);
	T_EQ(result.error, 0);
	n = pread(out, got, 2 * MOST, 0);
	OK(n >= 0 && (uint64_t)n == result.bytes && is_pattern_or_zero(got, (size_t)n, 0));
	free(got);
	MUST(close(out) == 0);
}

struct drain {
	int fd;
	unsigned char *bytes;
	size_t len;
};

static void *drain_all(void *argument)
{
	struct drain *drain = argument;

	drain->len = t_read(drain->fd, drain->bytes, 2 * MOST);
	return NULL;
}

static void changing_into_a_stream(int in)
{
	enum t_engine engine = t_one_in(&chance, 2) ? T_BY_COPY : T_BY_FANOUT;
	struct zs_result result;
	struct drain drain = { .bytes = malloc(2 * MOST) };
	pthread_t thread;
	int fds[2];

	t_stream(any_kind(&chance), fds);
	drain.fd = fds[0];
	thread = t_thread(drain_all, &drain);
	let_signals_in(1);
	count(t_engine(engine, in, NULL, fds[1], ZS_TO_END, NULL, &result), &result);
	T_EQ(result.error, 0);
	MUST(close(fds[1]) == 0);
	t_join(thread);
	OK(drain.len == result.bytes && is_pattern_or_zero(drain.bytes, drain.len, 0));
	free(drain.bytes);
	MUST(close(fds[0]) == 0);
}

static int any_folder(void)
{
	return t_folders[t_below(&chance, (uint64_t)t_folder_count)];
}

static void changing_files(void)
{
	static const uint32_t flags[] = { 0, ZS_NO_CLONE, ZS_FILL_HOLES, ZS_STABLE };
	int in = t_file_in(any_folder(), NULL, 0, 0);
	struct changer changer = { .fd = in, .chance = t_random(&chance) };
	pthread_t thread;

	MUST(ftruncate(in, MOST) == 0);
	for (int i = 0; i < 20; i++)
		change(&changer);
	thread = t_thread(keep_changing, &changer);
	for (int i = 0; i < 6; i++) {
		MUST(lseek(in, 0, SEEK_SET) == 0);
		if (t_one_in(&chance, 2))
			changing_into_a_file(in, any_folder(), flags[t_below(&chance, 4)]);
		else
			changing_into_a_stream(in);
	}
	__atomic_store_n(&changer.stop, 1, __ATOMIC_RELAXED);
	t_join(thread);
	MUST(close(in) == 0);
}

/* ---- No room, coming and going ---- */

struct filler {
	const char *folder;
	void (*turn)(int folder, struct filler *filler);
	int stop;
	uint64_t chance;
};

/* Fills the file system, and empties it again. */
static void fill_and_free(int folder, struct filler *filler)
{
	static __thread char piece[65536];
	int fd = openat(folder, "filler", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	MUST(fd >= 0 && unlinkat(folder, "filler", 0) == 0);
	while (write(fd, piece, sizeof piece) > 0)
		;
	usleep((useconds_t)t_below(&filler->chance, 1000));
	MUST(close(fd) == 0);
}

/* A quota of up to 1 MiB for the subvolume, and then none. Set from outside: inside that can fail by the quota. */
static void limit_and_free(int folder, struct filler *filler)
{
	struct btrfs_ioctl_qgroup_limit_args limit = {
		.qgroupid = BTRFS_FIRST_FREE_OBJECTID,
		.lim = { .flags = BTRFS_QGROUP_LIMIT_MAX_RFER, .max_rfer = T_PAGE + t_below(&filler->chance, 1 << 20) },
	};
	int outside = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(outside >= 0 && ioctl(outside, BTRFS_IOC_QGROUP_LIMIT, &limit) == 0);
	usleep((useconds_t)t_below(&filler->chance, 5000));
	limit.lim.max_rfer = UINT64_MAX;
	MUST(ioctl(outside, BTRFS_IOC_QGROUP_LIMIT, &limit) == 0);
	MUST(close(outside) == 0);
}

/* Takes the room in a file system away, and gives it back, again and again. */
static void *take_and_give_room(void *argument)
{
	struct filler *filler = argument;
	int folder = open(filler->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(folder >= 0);
	while (!__atomic_load_n(&filler->stop, __ATOMIC_RELAXED)) {
		filler->turn(folder, filler);
		usleep((useconds_t)t_below(&filler->chance, 1000));
	}
	MUST(close(folder) == 0);
	return NULL;
}

/* Goes on from where the library says it is, whenever there is no room. */
static void copy_where_there_is_room(int in, int out, uint64_t len)
{
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;

	while ((uint64_t)off_in < len) {
		int64_t before = off_in;

		let_signals_in(1);
		count(zs_copy(in, &off_in, out, &off_out, len - (uint64_t)off_in, NULL, &result), &result);
		T_EQ(off_in, before + (int64_t)result.bytes);
		T_EQ(off_out, off_in);
		T_EQ(result.in_flight, 0);
		if (result.error != 0 && (!OK(result.error == ENOSPC || result.error == EDQUOT) || !OK(result.side != ZS_SIDE_IN)))
			break;
	}
}

static void room_in(const char *folder, void (*turn)(int, struct filler *))
{
	struct filler filler = { .folder = folder, .turn = turn, .chance = t_random(&chance) };
	uint64_t len = 1 + t_below(&chance, MOST);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), in = t_file_in(AT_FDCWD, NULL, 0, 0), out;
	unsigned char *bytes = malloc(len);
	pthread_t thread;

	MUST(dir >= 0 && bytes != NULL);
	t_pattern(bytes, len, 0);
	MUST(pwrite(in, bytes, len, 0) == (ssize_t)len);
	out = t_file_in(dir, NULL, 0, 0);
	thread = t_thread(take_and_give_room, &filler);
	copy_where_there_is_room(in, out, len);
	__atomic_store_n(&filler.stop, 1, __ATOMIC_RELAXED);
	t_join(thread);
	OK(pread(out, bytes, len, 0) == (ssize_t)len && t_is_pattern(bytes, len, 0));
	free(bytes);
	MUST(close(in) == 0 && close(out) == 0 && close(dir) == 0);
}

static void no_room(void)
{
	static int is_mounted;

	if (!is_mounted && !t_mount("small", "tmpfs", "size=2m"))
		skip_storm("mount(2) is not allowed here");
	is_mounted = 1;
	room_in("small", fill_and_free);
}

/* A tmpfs that has quotas, since Linux 6.6 with TMPFS_QUOTA. root is above them: another user copies. */
static int has_tmpfs_quota(void)
{
	if (!t_mount("quota", "tmpfs", "usrquota,usrquota_block_hardlimit=2m,mode=1777"))
		return 0;
	MUST(chmod(".", 0777) == 0 && setresuid(65534, 65534, 65534) == 0);
	return 1;
}

/* A subvolume, the first one, of a btrfs, whose quotas hold for root, too. */
static int has_btrfs_quota(void)
{
	struct btrfs_ioctl_quota_ctl_args enable = { .cmd = BTRFS_QUOTA_CTL_ENABLE };
	struct btrfs_ioctl_vol_args room = { .name = "room" };
	int folder, works;

	if (t_file_system("btrfs") != NULL)
		return 0;
	folder = open("btrfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(folder >= 0);
	works = ioctl(folder, BTRFS_IOC_QUOTA_CTL, &enable) == 0 && ioctl(folder, BTRFS_IOC_SUBVOL_CREATE, &room) == 0;
	MUST(close(folder) == 0);
	return works;
}

static void no_quota(void)
{
	static void (*turn)(int, struct filler *) = fill_and_free;
	static const char *folder;

	if (folder == NULL && has_tmpfs_quota()) {
		folder = "quota";
	} else if (folder == NULL && has_btrfs_quota()) {
		folder = "btrfs/room";
		turn = limit_and_free;
	} else if (folder == NULL) {
		skip_storm("neither tmpfs nor btrfs has quotas here (as root; Debian: btrfs-progs)");
	}
	room_in(folder, turn);
}

/* ---- Little memory ---- */

/* No memory at all for some rounds: the address space ends here. What was promised without memory still works. */
static void no_memory(void)
{
	struct rlimit all, none;
	unsigned long pages;
	struct transfer *transfer = open_transfer(&chance, 0);
	FILE *file = fopen("/proc/self/statm", "r");

	MUST(file != NULL && fscanf(file, "%lu", &pages) == 1 && fclose(file) == 0);
	MUST(getrlimit(RLIMIT_AS, &all) == 0);
	none = all;
	/* Room for the stacks of two threads. */
	none.rlim_cur = pages * T_PAGE + (20u << 20) + t_below(&chance, 1 << 20);
	MUST(setrlimit(RLIMIT_AS, &none) == 0);
	transfer_and_close(transfer);
	MUST(setrlimit(RLIMIT_AS, &all) == 0);
}

/* More bytes than the memory cgroup holds: pages are reclaimed while they are moved. */
static void small_cgroup(void)
{
	enum { LEN = 32 << 20 };
	struct zs_result result;
	int in = t_file(0), out = t_file(0), fds[2];
	pthread_t thread;
	struct peer reader = { .kind = T_A_PIPE, .len = UINT64_MAX, .chance = t_random(&chance) };

	t_put_pattern(in, 0, LEN, 0);
	let_signals_in(1);
	count(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), &result);
	T_EQ(result.bytes, LEN);
	MUST(lseek(out, 0, SEEK_SET) == 0 && pipe2(fds, O_CLOEXEC) == 0);
	reader.fd = fds[0];
	thread = t_thread(read_pattern, &reader);
	let_signals_in(1);
	count(zs_copy(out, NULL, fds[1], NULL, ZS_TO_END, NULL, &result), &result);
	MUST(close(fds[1]) == 0);
	t_join(thread);
	T_EQ(reader.moved, LEN);
	OK(!reader.is_wrong);
	MUST(close(in) == 0 && close(out) == 0);
}

#endif
