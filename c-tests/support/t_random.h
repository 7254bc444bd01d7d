/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random inputs and outputs for tests of zs_copy: files on several file systems, and streams at whose other end
 * a thread writes or reads in random pieces. Include after t.h and t_mount.h. */
#ifndef T_RANDOM_H
#define T_RANDOM_H

#include <semaphore.h>
#include <sys/mman.h>
#include <termios.h>

/* ---- Chance ---- */

/* splitmix64: the next number of the sequence that `*state` stands for. */
static inline uint64_t t_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint64_t t_below(uint64_t *state, uint64_t bound)
{
	return t_random(state) % bound;
}

/* True once in `of` times, at random. */
static inline int t_one_in(uint64_t *state, unsigned int of)
{
	return t_below(state, of) == 0;
}

/* ---- File systems ---- */

/* Directories, each on a file system of its own; the first is the current one. */
static int t_folders[5] = { AT_FDCWD };
static const char *t_folder_names[5] = { "." };
static int t_folder_count = 1;

static inline void t_folder(const char *name, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(fd >= 0);
	t_folder_names[t_folder_count] = name;
	t_folders[t_folder_count++] = fd;
}

/* Adds a tmpfs, and the file systems that root can make here, in a mount namespace of its own, so that they end
 * with this process. Call it before there are threads. */
static inline void t_mount_folders(void)
{
	static char sorts[][8] = { "ext4", "xfs", "btrfs" };
	int back = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char home[PATH_MAX];

	MUST(back >= 0 && getcwd(home, sizeof home));
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
	    && mount("none", home, "tmpfs", 0, NULL) == 0) {
		MUST(chdir(home) == 0);
		t_folder("tmpfs", ".");
		for (size_t i = 0; i < sizeof sorts / sizeof *sorts; i++)
			if (!t_file_system(sorts[i]))
				t_folder(sorts[i], sorts[i]);
		MUST(fchdir(back) == 0);
	}
	MUST(close(back) == 0);
}

/* A file without a name in `folder`, with these `len` bytes. If it is `sparse`, blocks of zeroes are holes. */
static inline int t_file_in(int folder, const unsigned char *bytes, size_t len, int sparse)
{
	static const unsigned char zeroes[T_PAGE];
	int fd = openat(folder, "t-copy", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	MUST(fd >= 0 && unlinkat(folder, "t-copy", 0) == 0);
	MUST(ftruncate(fd, (off_t)len) == 0);
	for (size_t at = 0, n; at < len; at += n) {
		n = len - at < T_PAGE ? len - at : T_PAGE;
		if (!sparse)
			n = len;
		else if (memcmp(bytes + at, zeroes, n) == 0)
			continue;
		MUST(pwrite(fd, bytes + at, n, (off_t)at) == (ssize_t)n);
	}
	return fd;
}

/* ---- Ends ---- */

enum t_stream_kind { T_REGULAR, T_MEMFD, T_PIPE, T_FIFO, T_TCP, T_UNIX, T_PTY, T_DEVICE, T_SORTS };

static inline int t_is_stream(enum t_stream_kind sort)
{
	return sort >= T_PIPE && sort <= T_PTY;
}

/* Both ends of a stream: fds[0] is read from. */
static inline void t_open_stream(enum t_stream_kind sort, int fds[2])
{
	struct termios raw;

	switch (sort) {
	case T_PIPE:
		MUST(pipe2(fds, O_CLOEXEC) == 0);
		break;
	case T_FIFO:
		MUST(mkfifo("t-fifo", 0600) == 0);
		MUST((fds[0] = open("t-fifo", O_RDONLY | O_NONBLOCK)) >= 0);
		MUST((fds[1] = open("t-fifo", O_WRONLY)) >= 0 && unlink("t-fifo") == 0);
		t_nonblock(fds[0], 0);
		break;
	case T_TCP:
		t_tcp_pair(fds, 0, 0);
		break;
	case T_UNIX:
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		break;
	default:
		MUST((fds[0] = posix_openpt(O_RDWR | O_NOCTTY)) >= 0);
		MUST(grantpt(fds[0]) == 0 && unlockpt(fds[0]) == 0);
		MUST((fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY)) >= 0);
		MUST(tcgetattr(fds[1], &raw) == 0);
		cfmakeraw(&raw);
		MUST(tcsetattr(fds[1], TCSANOW, &raw) == 0);
	}
}

/* An input stream, and the thread that writes `len` bytes into it. */
struct t_writer {
	int fd;
	const unsigned char *bytes;
	size_t len;
	/* 1: the stream stays open until the copy is over; 2: also afterwards. */
	int holds;
	uint64_t chance;

	int other;
	sem_t over;
	pthread_t thread;
};

static inline void *t_writer_run(void *argument)
{
	struct t_writer *giver = argument;

	for (size_t at = 0, n; at < giver->len; at += n) {
		size_t most = giver->len - at, piece = (size_t)1 << t_below(&giver->chance, 18);

		n = 1 + t_below(&giver->chance, piece < most ? piece : most);
		t_write(giver->other, giver->bytes + at, n);
		if (t_one_in(&giver->chance, 30))
			usleep((useconds_t)t_below(&giver->chance, 300));
	}
	while (giver->holds && sem_wait(&giver->over) != 0)
		;
	if (giver->holds != 2)
		MUST(close(giver->other) == 0);
	return NULL;
}

static inline void t_writer_start(struct t_writer *giver, enum t_stream_kind sort)
{
	int fds[2];

	t_open_stream(sort, fds);
	giver->fd = fds[0];
	giver->other = fds[1];
	/* A terminal that hangs up drops what has not been read yet. */
	if (sort == T_PTY)
		giver->holds = 2;
	MUST(sem_init(&giver->over, 0, 0) == 0);
	giver->thread = t_thread(t_writer_run, giver);
}

/* To be called after the copy: closes everything, and returns whether exactly `gone` bytes have been taken. */
static inline int t_writer_end(struct t_writer *giver, size_t gone)
{
	size_t left = gone <= giver->len ? giver->len - gone : 0, got;
	unsigned char *rest = malloc(left + 1);
	int right;

	MUST(rest && sem_post(&giver->over) == 0);
	got = t_read(giver->fd, rest, left + (giver->holds != 2));
	right = gone <= giver->len && got == left && memcmp(rest, giver->bytes + gone, left) == 0;
	t_join(giver->thread);
	MUST(close(giver->fd) == 0 && (giver->holds != 2 || close(giver->other) == 0));
	sem_destroy(&giver->over);
	free(rest);
	return right;
}

/* An output stream, and a thread that reads it into `bytes`. */
struct t_reader {
	int fd;
	unsigned char *bytes;
	size_t room;
	uint64_t chance;

	size_t len;
	int other;
	/* How many bytes to wait for; SIZE_MAX while that is not known. */
	size_t wanted;
	pthread_t thread;
};

static inline void *t_reader_run(void *argument)
{
	struct t_reader *taker = argument;

	for (;;) {
		struct pollfd in = { .fd = taker->other, .events = POLLIN };
		size_t piece = (size_t)1 << t_below(&taker->chance, 18), most = taker->room - taker->len;
		size_t wanted = __atomic_load_n(&taker->wanted, __ATOMIC_SEQ_CST);
		ssize_t n;

		if (poll(&in, 1, wanted == SIZE_MAX ? 20 : 0) == 0) {
			if (taker->len >= wanted)
				return NULL;
			continue;
		}
		n = read(taker->other, taker->bytes + taker->len, 1 + t_below(&taker->chance,
			 piece < most ? piece : most));
		MUST(n >= 0);
		if (n == 0)
			return NULL;
		taker->len += (size_t)n;
		MUST(taker->len < taker->room);
		if (t_one_in(&taker->chance, 30))
			usleep((useconds_t)t_below(&taker->chance, 300));
	}
}

static inline void t_reader_start(struct t_reader *taker, enum t_stream_kind sort)
{
	int fds[2];

	t_open_stream(sort, fds);
	taker->fd = fds[1];
	taker->other = fds[0];
	taker->len = 0;
	taker->wanted = SIZE_MAX;
	taker->thread = t_thread(t_reader_run, taker);
}

/* To be called after a copy of `count` bytes: closes everything, and returns whether exactly these have
 * arrived. */
static inline int t_reader_end(struct t_reader *taker, enum t_stream_kind sort, const unsigned char *bytes,
			      size_t count)
{
	if (sort == T_PTY)
		__atomic_store_n(&taker->wanted, count, __ATOMIC_SEQ_CST);
	else
		MUST(close(taker->fd) == 0);
	t_join(taker->thread);
	MUST(close(taker->other) == 0 && (sort != T_PTY || close(taker->fd) == 0));
	return taker->len == count && (count == 0 || memcmp(taker->bytes, bytes, count) == 0);
}

/* ---- The outcome ---- */

/* Which of the first 64 descriptors are open, as a set of bits. */
static inline uint64_t t_open_descriptor_set(void)
{
	uint64_t open = 0;

	for (int fd = 0; fd < 64; fd++)
		open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	return open;
}

/* Whether a result agrees with what was returned; errno was 0x5a5a before the call. */
static inline int t_result_is_consistent(int64_t returned, int error, const struct zs_result *is)
{
	int in_order = is->copied <= is->bytes && is->holes <= is->bytes;

	for (size_t i = 0; i < sizeof is->spare / sizeof *is->spare; i++)
		in_order &= is->spare[i] == 0;
	if (returned >= 0)
		return in_order && error == 0x5a5a && is->error == 0 && is->side == 0
			&& is->bytes == (uint64_t)returned && is->in_flight == 0;
	return in_order && returned == -1 && error == is->error && is->error > 0
		&& is->side <= ZS_SIDE_CALL;
}

#endif
