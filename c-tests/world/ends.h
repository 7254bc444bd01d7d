/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The descriptors that the library is given, and the peers at their far ends. Each is a real object of the kernel and
 * O_NONBLOCK, so that nothing here ever waits; the library sees `blocks` instead of O_NONBLOCK. */
#ifndef WORLD_ENDS_H
#define WORLD_ENDS_H

enum kind { A_PIPE, A_UNIX, A_TCP, A_PTY, A_FILE, A_MEMFD };
#define STREAMS A_FILE
#define KINDS (A_MEMFD + 1)

static const char *const kind_names[] = { "pipe", "unix socket", "tcp socket", "terminal", "file", "memfd" };

struct end {
	enum kind kind;
	int fd, far;    /* far: -1 once closed, and of files */
	int blocks;
	int is_in, is_out;
	/* What the far end gives: the pattern from `base` on. */
	uint64_t base, given, to_give;
	unsigned char *lasting;
	/* has_fin: it has ended before anything else happened. */
	int has_ended, has_fin, was_reset;
	/* Closed, so that whatever is sent there resets the connection and what it has still to give is lost. */
	int may_lose;
	/* TCP: the urgent byte has been sent. */
	int has_urgent;
	/* A peer that neither gives the rest nor ends, unless the string says so. */
	int is_silent;
	/* What the far end gets, and has to get. */
	struct flow *flow;
	size_t got;
	int has_died, saw_end;
	/* What else the peer may do: die, end early. */
	int may_die;
	/* Files: where the transfer begins, and what was there before. */
	int64_t start, old_size;
	int appends;
};

#define ENDS 16
static struct end *ends[ENDS];
static int end_count;
/* Counts what the peers have done. */
static uint64_t deeds;

/* Old content of files, unlike any input. */
#define OLD ((uint64_t)1 << 40)

static int is_file(const struct end *end)
{
	return end->kind >= STREAMS;
}

static int is_socket(const struct end *end)
{
	return end->kind == A_UNIX || end->kind == A_TCP;
}

static int is_hung_up(const struct end *end)
{
	return end->kind == A_PTY && end->far < 0;
}

static struct end *end_of(int fd)
{
	for (int i = 0; i < end_count; i++)
		if (fd >= 0 && ends[i]->fd == fd)
			return ends[i];
	return NULL;
}

/* For what happens in the background: the kernel's worker of a terminal, TCP's timers. */
static int is_slow(void)
{
	for (int i = 0; i < end_count; i++)
		if (ends[i]->kind == A_TCP || ends[i]->kind == A_PTY)
			return 1;
	return 0;
}

/* ---- How they are opened ---- */

static void open_pty(int fds[2])
{
	struct termios mode;

	MUST((fds[0] = posix_openpt(O_RDWR | O_NOCTTY)) >= 0 && grantpt(fds[0]) == 0 && unlockpt(fds[0]) == 0);
	MUST((fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY)) >= 0 && tcgetattr(fds[1], &mode) == 0);
	cfmakeraw(&mode);
	MUST(tcsetattr(fds[1], TCSANOW, &mode) == 0);
}

static void size_pipe(int fd)
{
	static const int sizes[] = { 65536, 4096, 8192, 16384, 262144 };

	if (pick(2))
		(void)fcntl(fd, F_SETPIPE_SZ, sizes[pick(sizeof sizes / sizeof *sizes)]);
}

static void size_socket(int fd)
{
	int size = 4608 << pick(6);

	if (pick(2))
		MUST(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
}

/* [0] is the library's end. */
static void open_fds(const struct end *end, int fds[2])
{
	int swap[2];

	switch (end->kind) {
	case A_PIPE:
		MUST(pipe(swap) == 0);
		size_pipe(swap[0]);
		fds[0] = swap[end->is_out];
		fds[1] = swap[!end->is_out];
		break;
	case A_UNIX:
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		size_socket(fds[0]);
		break;
	case A_TCP:
		t_tcp_pair(fds, pick(3) ? 0 : 4608 << pick(6), pick(3) ? 0 : 4608 << pick(6));
		break;
	default:
		open_pty(swap);
		fds[0] = swap[one_in(2)];
		fds[1] = swap[fds[0] == swap[0]];
	}
}

static void open_stream(struct end *end)
{
	int fds[2];

	open_fds(end, fds);
	end->fd = fds[0];
	end->far = fds[1];
	t_nonblock(end->fd, 1);
	t_nonblock(end->far, 1);
	end->to_give = end->is_in ? pick_size() : 0;
	end->may_die = pick(4) == 1;
}

/* A file that has some holes, and a little behind the part that is copied. */
static void open_file(struct end *end)
{
	size_t size = pick_size(), hole = pick(3) == 1 ? pick_size() : 0;

	end->far = -1;
	end->fd = end->kind == A_MEMFD ? memfd_create("t", MFD_CLOEXEC) : t_file(0);
	MUST(end->fd >= 0);
	if (end->is_in) {
		t_put_pattern(end->fd, (int64_t)hole, size, end->base);
		end->old_size = (int64_t)(size + hole);
		MUST(ftruncate(end->fd, end->old_size) == 0);
	} else {
		t_put_pattern(end->fd, 0, size, OLD);
		end->old_size = (int64_t)size;
		end->appends = one_in(8);
	}
	end->start = end->old_size ? pick((unsigned int)end->old_size + 2) : 0;
	MUST(lseek(end->fd, end->start, SEEK_SET) == end->start);
	if (end->appends)
		MUST(fcntl(end->fd, F_SETFL, O_APPEND) == 0);
}

static void open_end(struct end *end, enum kind kind, int is_in, int is_out)
{
	static uint64_t base;

	*end = (struct end){ .kind = kind, .is_in = is_in, .is_out = is_out, .base = base += (uint64_t)1 << 24 };
	if (is_file(end))
		open_file(end);
	else
		open_stream(end);
	MUST(end_count < ENDS);
	ends[end_count++] = end;
}

static void close_fast(int fd)
{
	struct linger none = { .l_onoff = 1 };

	if (fd < 0)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	MUST(close(fd) == 0);
}

/* Without TIME_WAIT, or the ports would be used up. */
static void close_ends(void)
{
	for (int i = 0; i < end_count; i++) {
		close_fast(ends[i]->far);
		close_fast(ends[i]->fd);
		free(ends[i]->lasting);
	}
	end_count = 0;
}

/* ---- What peers do. Each returns whether it did anything. ---- */

#define PIECE 65536

/* The pages stay as they are as long as the pipe has them. */
static const unsigned char *lasting_bytes(struct end *end)
{
	if (end->lasting)
		return end->lasting;
	MUST((end->lasting = malloc(end->to_give)) != NULL);
	t_pattern(end->lasting, end->to_give, end->base);
	return end->lasting;
}

static int gives_packets(struct end *end, size_t count)
{
	const unsigned char *bytes = lasting_bytes(end) + end->given;
	size_t done = 0;

	while (done < count) {
		struct iovec piece = { (void *)(uintptr_t)(bytes + done), 1 };

		if (vmsplice(end->far, &piece, 1, SPLICE_F_NONBLOCK) != 1)
			break;
		done++;
	}
	end->given += done;
	tell("    peer of %d writes %zu bytes, one by one", end->fd, done);
	return done > 0;
}

static int gives(struct end *end, size_t most)
{
	static unsigned char bytes[PIECE];
	uint64_t left = end->to_give - end->given;
	ssize_t n;

	most = most < left ? most : (size_t)left;
	most = most < sizeof bytes ? most : sizeof bytes;
	if (end->far < 0 || end->has_ended || most == 0)
		return 0;
	t_pattern(bytes, most, end->base + end->given);
	/* In packets of one byte, each a slot of a pipe. */
	if (end->kind == A_PIPE && most > 1 && one_in(6))
		return gives_packets(end, most < 40 ? most : 40);
	n = is_socket(end) ? send(end->far, bytes, most, MSG_NOSIGNAL) : write(end->far, bytes, most);
	if (n <= 0)
		return 0;
	end->given += (uint64_t)n;
	tell("    peer of %d writes %zd", end->fd, n);
	return 1;
}

/* A byte out of the stream, once: a second would make the first one ordinary. */
static int urges(struct end *end)
{
	if (end->kind != A_TCP || end->far < 0 || end->has_ended || !end->is_in || end->has_urgent)
		return 0;
	if (send(end->far, "!", 1, MSG_OOB | MSG_NOSIGNAL) != 1)
		return 0;
	tell("    peer of %d sends an urgent byte", end->fd);
	return end->has_urgent = 1;
}

static int takes(struct end *end, size_t most)
{
	static unsigned char bytes[PIECE];
	ssize_t n;

	if (end->far < 0 || end->has_died || !end->is_out)
		return 0;
	n = read(end->far, bytes, most < sizeof bytes ? most : sizeof bytes);
	if (n == 0 && most > 0 && !end->saw_end) {
		tell("    peer of %d sees the end", end->fd);
		return end->saw_end = 1;
	}
	if (n <= 0)
		return 0;
	tell("    peer of %d reads %zd", end->fd, n);
	SO(flow_has(end->flow, end->got, bytes, (size_t)n), "peer of %d: not the bytes from %zu on", end->fd, end->got);
	end->got += (size_t)n;
	return 1;
}

static int closes(struct end *end, int resets)
{
	if (end->far < 0)
		return 0;
	if (end->kind == A_TCP && end->is_out && t_bytes_available(end->far) > 0)
		resets = 1;
	end->was_reset |= resets || (end->kind == A_UNIX && t_bytes_available(end->far) > 0);
	end->may_lose = end->kind == A_TCP && end->is_out;
	tell("    peer of %d closes%s", end->fd, end->was_reset ? ", which resets" : "");
	if (resets)
		close_fast(end->far);
	else
		MUST(close(end->far) == 0);
	end->far = -1;
	end->has_ended = end->has_died = 1;
	return 1;
}

/* No byte more comes from there. */
static int ends_input(struct end *end)
{
	if (end->has_ended || end->far < 0 || !end->is_in)
		return 0;
	if (!is_socket(end) && end->is_out)
		return 0;
	if (!end->is_out && !one_in(2))
		return closes(end, 0);
	if (!is_socket(end))
		return closes(end, 0);
	MUST(shutdown(end->far, SHUT_WR) == 0 || errno == ENOTCONN);
	tell("    peer of %d shuts down", end->fd);
	return end->has_ended = end->has_fin = 1;
}

static int resizes(struct end *end)
{
	int size = 4096 << pick(7);

	if (end->kind != A_PIPE || end->far < 0)
		return 0;
	size = fcntl(end->far, F_SETPIPE_SZ, size);
	tell("    peer of %d makes the pipe %d large", end->fd, size);
	return size > 0;
}

static int does(struct end *end)
{
	switch (pick(12)) {
	case 1: case 2: case 3:
		return gives(end, pick_size());
	case 4: case 5: case 6:
		return takes(end, pick_size());
	case 7:
		return end->given == end->to_give && ends_input(end);
	case 8:
		return end->may_die && one_in(4) && closes(end, end->kind == A_TCP && pick(2));
	case 9:
		return one_in(4) && resizes(end);
	case 10:
		return one_in(8) && urges(end);
	default:
		return 0;
	}
}

/* What they do when the string is over, so that everything comes to its end. */
static int finishes(struct end *end)
{
	int did = 0;

	while (takes(end, PIECE))
		did = 1;
	if (!end->is_in || end->is_silent)
		return did;
	if (gives(end, PIECE))
		return 1;
	return did || (end->given == end->to_give && ends_input(end));
}

static int all_finish(void)
{
	int did = 0;

	for (int i = 0; i < end_count; i++)
		did |= !is_file(ends[i]) && finishes(ends[i]);
	/* A terminal ends only with its other end. */
	for (int i = 0; i < end_count && !did; i++)
		if (ends[i]->kind == A_PTY && ends[i]->is_in && ends[i]->is_out && !ends[i]->is_silent)
			did = closes(ends[i], 0);
	deeds += (uint64_t)did;
	return did;
}

/* Somebody may do something. */
static int someone_acts(void)
{
	int did;

	if (is_over() || end_count == 0 || pick(4) < 2)
		return 0;
	did = does(ends[pick((unsigned int)end_count)]);
	deeds += (uint64_t)did;
	return did;
}

/* Something has to happen, since the library waits. */
static int world_goes_on(void)
{
	for (int tries = 0; tries < 8 && !is_over(); tries++)
		if (someone_acts())
			return 1;
	return all_finish();
}

#endif
