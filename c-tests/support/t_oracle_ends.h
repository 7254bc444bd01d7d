/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two ends of a scene for the oracle, and who stands behind them: the input's writer and the output's reader,
 * each a thread. After t.h. */
#ifndef T_ORACLE_ENDS_H
#define T_ORACLE_ENDS_H

#include <pty.h>
#include <sys/epoll.h>
#include <termios.h>
#include "t_network.h"
#include "t_oracle_scene.h"

/* ---- The input and its writer ---- */

struct o_giver {
	const struct o_scene *scene;
	int fd, far;
	char path[64];
	pthread_t thread;
	int has_thread;
};

/* A resetting close. AF_UNIX resets where bytes were left unread, which o_open_in sees to. */
static inline void o_reset(int fd)
{
	struct linger none = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	MUST(close(fd) == 0);
}

/* Writes, unless there is nobody left to read. */
static inline void o_give(int fd, const unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len < 65536 ? len : 65536);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == EIO))
			return;
		MUST(n > 0);
		bytes += n;
		len -= (size_t)n;
		o_add(&o_shared->given, n);
	}
}

/* How often the connection has sent again what was not acknowledged. */
static inline int o_retransmits(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	MUST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	return info.tcpi_retransmits;
}

/* Whether it takes routes, or a socket filter for TCP, which not everybody may have in the network of all. */
static inline int o_needs_network(const struct o_scene *scene)
{
	return scene->gives == O_PROHIBITED || (scene->gives == O_TIMES_OUT && geteuid() != 0);
}

/* From now on there is no route. Returns once the connection has met that. */
static inline void o_prohibit(int fd)
{
	int before;

	MUST(system("ip route add prohibit 127.0.0.1/32 && ip route flush table local") == 0);
	before = o_retransmits(fd);
	while (o_retransmits(fd) <= before && !o_flag(&o_shared->over))
		t_sleep_ms(3);
}

/* The connection dies of what it has not been acknowledged: of ETIMEDOUT, or of what the route says meanwhile. */
static inline void o_die(struct o_giver *giver)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop };
	unsigned int ms = 10;
	int queued = 1, is_route = giver->scene->gives == O_PROHIBITED;

	while (queued > 0) {
		MUST(ioctl(giver->far, TIOCOUTQ, &queued) == 0);
		t_sleep_ms(queued > 0);
	}
	o_busy(1);
	MUST(setsockopt(giver->far, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
	if (!is_route)
		MUST(setsockopt(giver->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) == 0);
	(void)send(giver->fd, "unheard", 7, MSG_NOSIGNAL);
	if (is_route) {
		o_prohibit(giver->fd);
		MUST(setsockopt(giver->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) == 0);
	}
	for (int looks = 0; looks < 1000 && !o_flag(&o_shared->over) && !t_ready(giver->fd, 0); looks++)
		t_sleep_ms(3);
	o_busy(-1);
}

static inline void o_give_up(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	int queued = 1;

	if (scene->gives == O_TIMES_OUT || scene->gives == O_PROHIBITED) {
		o_die(giver);
		return;
	}
	if (scene->gives == O_RESET || scene->gives == O_RESETS) {
		/* What has not arrived is lost with the connection. */
		while (scene->in == O_IN_TCP && queued > 0) {
			MUST(ioctl(giver->far, TIOCOUTQ, &queued) == 0);
			t_sleep_ms(queued > 0);
		}
		o_reset(giver->far);
	} else if (scene->in == O_IN_TTY) {
		MUST(write(giver->far, "\004", 1) == 1);
		return;
	} else {
		MUST(close(giver->far) == 0);
	}
	giver->far = -1;
}

static inline void *o_giver_run(void *argument)
{
	struct o_giver *giver = argument;
	const struct o_scene *scene = giver->scene;
	const unsigned char *content = o_content(scene);
	size_t first = scene->gives == O_PAUSES ? scene->size / 2 : scene->size;

	if (scene->in == O_IN_EARLY) {
		t_sleep_ms(10);
		MUST((giver->far = open(giver->path, O_WRONLY)) >= 0 && unlink(giver->path) == 0);
	}
	if (first == scene->size)
		o_busy(-1);
	o_give(giver->far, content, first);
	if (first != scene->size) {
		/* The first half has to be read by itself, if anybody reads. */
		for (int looks = 0, held = 1; looks < 20 && held > 0; looks++) {
			if (ioctl(giver->fd, FIONREAD, &held) != 0)
				held = 0;
			t_sleep_ms(held > 0);
		}
		t_sleep_ms(10);
		o_busy(-1);
		o_give(giver->far, content + first, scene->size - first);
	}
	if (scene->gives == O_SILENT)
		return NULL;
	while (scene->gives == O_ENDS_AFTER && !o_flag(&o_shared->has_left) && !o_flag(&o_shared->over))
		t_sleep_ms(1);
	if (scene->gives == O_ENDS_AFTER && !o_flag(&o_shared->over)) {
		o_busy(1);
		t_sleep_ms(3);
		o_busy(-1);
	}
	o_give_up(giver);
	return NULL;
}

static inline void o_open_pty(int fds[2], int canonical)
{
	struct termios mode;

	MUST(openpty(&fds[0], &fds[1], NULL, NULL, NULL) == 0 && tcgetattr(fds[1], &mode) == 0);
	cfmakeraw(&mode);
	mode.c_lflag |= canonical ? ICANON : 0;
	MUST(tcsetattr(fds[1], TCSANOW, &mode) == 0);
}

static inline int o_listener(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, 1) == 0);
	return fd;
}

/* The two ends: [0] is read from. */
static inline void o_open_stream(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	int fds[2] = { -1, -1 }, swap;

	if (scene->in == O_IN_PIPE) {
		MUST(pipe(fds) == 0);
	} else if (scene->in == O_IN_FIFO || scene->in == O_IN_EARLY) {
		snprintf(giver->path, sizeof giver->path, "fifo-%d", (int)getpid());
		MUST(mkfifo(giver->path, 0600) == 0 && (fds[0] = open(giver->path, O_RDONLY | O_NONBLOCK)) >= 0);
		if (scene->in == O_IN_FIFO)
			MUST((fds[1] = open(giver->path, O_WRONLY)) >= 0 && unlink(giver->path) == 0);
	} else if (scene->in == O_IN_UNIX) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		if (scene->gives == O_RESET || scene->gives == O_RESETS)
			MUST(write(fds[0], "unread", 6) == 6);
	} else if (scene->in == O_IN_TCP) {
		t_tcp_pair(fds, 0, 0);
	} else {
		o_open_pty(fds, scene->in == O_IN_TTY);
		if (scene->in == O_IN_TTY) {
			swap = fds[0];
			fds[0] = fds[1];
			fds[1] = swap;
		}
	}
	giver->fd = fds[0];
	giver->far = fds[1];
}

static inline int o_size_index(size_t size)
{
	for (size_t i = 0; i < O_SIZES; i++)
		if (o_sizes[i] == size)
			return (int)i;
	return 0;
}

static inline void o_open_in(struct o_giver *giver)
{
	const struct o_scene *scene = giver->scene;
	enum o_input in = scene->in;
	int index = o_size_index(scene->size), fds[2];

	giver->far = -1;
	if (in == O_IN_FILE)
		giver->fd = t_reopen(o_files[index], O_RDONLY);
	else if (in == O_IN_FILE_AT || in == O_IN_OFFSET)
		giver->fd = t_reopen(o_files_at[index], O_RDONLY);
	else if (in == O_IN_HOLE)
		giver->fd = t_reopen(o_memfds[index], O_RDONLY);
	else if (in == O_IN_WRITE_ONLY)
		giver->fd = t_reopen(o_files[index], O_WRONLY);
	else if (in == O_IN_ZERO || in == O_IN_NULL)
		giver->fd = open(in == O_IN_ZERO ? "/dev/zero" : "/dev/null", O_RDONLY);
	else if (in == O_IN_PROC || in == O_IN_SYS || in == O_IN_FOLDER)
		giver->fd = open(in == O_IN_PROC ? "/proc/filesystems" : in == O_IN_SYS ? o_sys_path : ".", O_RDONLY);
	else if (in == O_IN_LISTENER)
		giver->fd = o_listener();
	else if (in == O_IN_EPOLL)
		giver->fd = epoll_create1(0);
	else if (in == O_IN_HUNG_UP) {
		o_open_pty(fds, 1);
		MUST(close(fds[0]) == 0);
		giver->fd = fds[1];
	} else
		o_open_stream(giver);
	MUST(giver->fd >= 0);
	if (in == O_IN_FILE_AT)
		MUST(lseek(giver->fd, O_AT, SEEK_SET) == O_AT);
	t_nonblock(giver->fd, scene->nonblock_in);
	if (!o_is_stream_in(in))
		return;
	if (scene->gives == O_ENDED || scene->gives == O_RESET) {
		o_give(giver->far, o_content(scene), scene->size);
		o_give_up(giver);
		/* A terminal's line discipline has a thread of its own; so has, now and then, the loopback. */
		t_sleep_ms(o_is_terminal_in(in) || in == O_IN_TCP ? 2 : 0);
		return;
	}
	o_busy(1);
	giver->has_thread = 1;
	giver->thread = t_thread(o_giver_run, giver);
}

/* Reads what is left, so that the writer gets done, and says how much that was. */
static inline int64_t o_close_in(struct o_giver *giver)
{
	char bytes[65536];
	/* Without an end, or with one that the engine has heard of: so many looks in vain are as good. */
	const struct o_scene *scene = giver->scene;
	int has_end = scene->gives < O_TIMES_OUT && scene->gives != O_SILENT && scene->in != O_IN_TTY, patience = 0;
	int64_t left = 0;
	ssize_t n = 1;

	if (!o_is_stream_in(giver->scene->in)) {
		MUST(close(giver->fd) == 0);
		return 0;
	}
	t_nonblock(giver->fd, 1);
	while (patience < 5) {
		n = read(giver->fd, bytes, sizeof bytes);
		left += n > 0 ? n : 0;
		if (n > 0) {
			patience = 0;
			continue;
		}
		/* A FIFO whose writer has not been there yet says 0, too. */
		if (n == 0 && scene->in == O_IN_EARLY && o_get(&o_shared->given) < (int64_t)scene->size) {
			t_sleep_ms(1);
			continue;
		}
		if (n == 0 || errno != EAGAIN)
			break;
		patience += !has_end && (!giver->has_thread || o_get(&o_shared->given) == (int64_t)scene->size);
		(void)poll(&(struct pollfd){ .fd = giver->fd, .events = POLLIN }, 1, 2);
	}
	if (giver->has_thread)
		t_join(giver->thread);
	MUST(close(giver->fd) == 0 && (giver->far < 0 || close(giver->far) == 0));
	return left;
}

/* ---- An output and its reader ---- */

struct o_taker {
	const struct o_scene *scene;
	enum o_output kind;
	enum o_takes takes;
	int index, fd, far;
	size_t fill, most;      /* what was there before; how much it reads, then it leaves */
	size_t stop;            /* where it waits until we are done; SIZE_MAX: nowhere */
	pthread_t thread;
	int has_thread, wrong;
};

static inline void *o_taker_run(void *argument)
{
	struct o_taker *taker = argument;
	const unsigned char *content = o_content(taker->scene);
	static __thread unsigned char bytes[65536];
	size_t due = o_size(taker->scene), got = 0;

	if (taker->takes == O_DRAINS)
		t_sleep_ms(10);
	if (taker->takes != O_SLOW)
		o_busy(-1);
	while (got < taker->most) {
		size_t end = got < taker->stop && taker->stop < taker->most ? taker->stop : taker->most;
		size_t most = taker->fill ? taker->fill : end - got;
		ssize_t n;

		while (got == taker->stop && !o_flag(&o_shared->over))
			t_sleep_ms(1);
		n = read(taker->far, bytes, most < sizeof bytes ? most : sizeof bytes);
		if (n <= 0)
			break;
		if (taker->fill) {
			taker->fill -= (size_t)n;
			continue;
		}
		if (got + (size_t)n > due || memcmp(bytes, content + got, (size_t)n) != 0)
			taker->wrong = 1;
		got += (size_t)n;
		o_add(&o_shared->got[taker->index], n);
		if (taker->takes == O_SLOW && got < 400000)
			t_sleep_ms(1);
		if (taker->takes == O_SLOW && got >= 400000)
			taker->takes = (o_busy(-1), O_ROOM);
	}
	if (taker->takes == O_SLOW)
		o_busy(-1);
	if (got == taker->most) {
		MUST(close(taker->far) == 0);
		taker->far = -1;
		o_set(&o_shared->has_left, 1);
	}
	return NULL;
}

/* An AF_UNIX socket is writable for poll(2) while less than a quarter of it is taken, for write(2) while it is
 * not full. */
static inline size_t o_fill_half(int fd)
{
	static const char zeroes[1 << 14];
	size_t filled = 0;

	for (; t_ready(fd, POLLOUT); filled += sizeof zeroes)
		MUST(write(fd, zeroes, sizeof zeroes) == sizeof zeroes);
	return filled;
}

static inline void o_open_out(struct o_taker *taker)
{
	enum o_output out = taker->kind;
	int fds[2] = { -1, -1 }, fills = taker->takes == O_FULL || taker->takes == O_DRAINS;
	/* One that loses its reader half-way must not hold all there is. */
	int small = fills ? 4096 : taker->takes == O_TAKES_HALF ? 32768 : 0;

	taker->most = taker->takes == O_TAKES_ALL ? o_due(taker->scene)
		: taker->takes == O_TAKES_HALF ? o_due(taker->scene) / 2 : SIZE_MAX;
	taker->stop = taker->takes == O_FULL || taker->takes == O_HALF_FULL ? 0
		: taker->takes == O_STOPS ? o_due(taker->scene) - O_FILLS : SIZE_MAX;
	if (out == O_OUT_PIPE)
		MUST(pipe(fds) == 0);
	else if (out == O_OUT_UNIX)
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	else if (out == O_OUT_TCP)
		t_tcp_pair(fds, small, small);
	else if (out == O_OUT_TTY || out == O_OUT_MASTER)
		o_open_pty(fds, 0);
	else if (out == O_OUT_FILE || out == O_OUT_APPEND)
		fds[0] = t_file(out == O_OUT_APPEND ? 100 : 0);
	else if (out == O_OUT_NULL || out == O_OUT_FULL)
		fds[0] = open(out == O_OUT_NULL ? "/dev/null" : "/dev/full", O_WRONLY);
	else if (out == O_OUT_READ_ONLY)
		fds[0] = t_reopen(o_files[0], O_RDONLY);
	else
		fds[0] = out == O_OUT_LISTENER ? o_listener() : epoll_create1(0);
	taker->fd = fds[out == O_OUT_PIPE || out == O_OUT_TTY];
	taker->far = fds[out != O_OUT_PIPE && out != O_OUT_TTY];
	MUST(taker->fd >= 0 && (out != O_OUT_APPEND || fcntl(taker->fd, F_SETFL, O_APPEND) == 0));
	if (fills)
		taker->fill = out == O_OUT_PIPE ? t_fill_pipe(taker->fd) : t_fill_socket(taker->fd);
	if (taker->takes == O_HALF_FULL)
		taker->fill = o_fill_half(taker->fd);
	t_nonblock(taker->fd, taker->scene->nonblock_out);
	if (taker->takes == O_DEAD_RESET && out == O_OUT_UNIX)
		MUST(write(taker->fd, "unread", 6) == 6);
	if (taker->takes == O_DEAD || taker->takes == O_DEAD_RESET) {
		MUST(taker->takes == O_DEAD ? close(taker->far) == 0 : (o_reset(taker->far), 1));
		taker->far = -1;
		t_sleep_ms(out == O_OUT_TCP ? 2 : 0);
	} else if (o_is_stream_out(out)) {
		o_busy(1);
		taker->has_thread = 1;
		taker->thread = t_thread(o_taker_run, taker);
	}
}

static inline void o_close_out(struct o_taker *taker, struct o_outcome *outcome, int64_t due)
{
	unsigned char *bytes = NULL;
	struct stat stat;
	int64_t before = taker->kind == O_OUT_APPEND ? 100 : 0;

	if (taker->kind == O_OUT_FILE || taker->kind == O_OUT_APPEND) {
		MUST(fstat(taker->fd, &stat) == 0 && (bytes = malloc((size_t)stat.st_size + 1)));
		MUST(pread(taker->fd, bytes, (size_t)stat.st_size, 0) == stat.st_size);
		outcome->got[taker->index] = stat.st_size - before;
		if (!t_is_pattern(bytes, (size_t)before, 0) || stat.st_size - before > (int64_t)o_size(taker->scene)
		    || memcmp(bytes + before, o_content(taker->scene), (size_t)(stat.st_size - before)) != 0)
			outcome->wrong = 1;
		free(bytes);
	}
	/* A terminal that hangs up loses what has not been read. */
	if (taker->kind == O_OUT_MASTER || taker->kind == O_OUT_TTY)
		for (int ms = 0; o_get(&o_shared->got[taker->index]) < due && ms < 2000; ms++)
			t_sleep_ms(1);
	MUST(close(taker->fd) == 0);
	if (taker->has_thread) {
		t_join(taker->thread);
		outcome->got[taker->index] = o_get(&o_shared->got[taker->index]);
	}
	outcome->wrong |= taker->wrong;
	if (taker->far >= 0)
		MUST(close(taker->far) == 0);
}

#endif
