/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For tests of zs_bridge: two sides of any kind. At the far end of each, one thread writes the pattern and then
 * ends the stream, and another thread reads until the end. Include after t.h, t_result.h and t_copy.h. */
#ifndef T_BRIDGE_H
#define T_BRIDGE_H

/* Calls zs_bridge with options, given as named fields of struct zs_options. */
#define T_BRIDGE(a, b, results, ...) \
	zs_bridge((a)->in, (a)->out, (b)->in, (b)->out, \
		&(struct zs_options){ .size = sizeof(struct zs_options), __VA_ARGS__ }, results)

/* A program that has pipes for standard input and output is such a side of two pipes. */
enum t_side_kind { T_BY_UNIX, T_BY_TCP, T_BY_PIPES, T_BY_FILES, T_SIDES };

static inline const char *t_side_kind_name(enum t_side_kind kind)
{
	static const char *const names[] = {
		[T_BY_UNIX] = "Unix socket",
		[T_BY_TCP] = "TCP socket",
		[T_BY_PIPES] = "two pipes",
		[T_BY_FILES] = "two files",
	};

	return names[kind];
}

struct t_side {
	enum t_side_kind kind;
	int in, out;         /* for the bridge */
	int far_in, far_out; /* where the far end reads, and where it writes; a socket is both */
	size_t gives;        /* how many bytes the far end writes */
	int delay_ms;        /* before the first read */
	int pause_us;        /* between two reads */
	size_t got, wanted;  /* how many bytes the far end has read, and how many it wants; SIZE_MAX: all until the end */
	int right;
	pthread_t writer, reader;
};

static inline void t_side(struct t_side *side, enum t_side_kind kind, int nonblock, size_t gives, int small)
{
	int fds[2], size = 4096;

	*side = (struct t_side){ .kind = kind, .gives = gives, .right = 1, .wanted = SIZE_MAX };
	switch (kind) {
	case T_BY_PIPES:
		MUST(pipe(fds) == 0);
		side->in = fds[0];
		side->far_out = fds[1];
		MUST(pipe(fds) == 0);
		side->out = fds[1];
		side->far_in = fds[0];
		MUST(!small || (fcntl(side->in, F_SETPIPE_SZ, size) > 0 && fcntl(side->out, F_SETPIPE_SZ, size) > 0));
		break;
	case T_BY_FILES:
		side->in = t_file(gives);
		side->out = t_file(0);
		side->far_in = side->far_out = -1;
		return;
	case T_BY_TCP:
		t_tcp_pair(fds, small ? size : 0, small ? size : 0);
		side->in = side->out = fds[0];
		side->far_in = side->far_out = fds[1];
		break;
	default:
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
		for (int i = 0; i < 2 && small; i++)
			MUST(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
		side->in = side->out = fds[0];
		side->far_in = side->far_out = fds[1];
	}
	t_nonblock(side->in, nonblock);
	t_nonblock(side->out, nonblock);
}

static inline void *t_side_write(void *argument)
{
	struct t_side *side = argument;

	t_write_pattern(side->far_out, side->gives);
	if (side->far_out != side->far_in)
		MUST(close(side->far_out) == 0);
	else
		MUST(shutdown(side->far_out, SHUT_WR) == 0);
	return NULL;
}

static inline void *t_side_read(void *argument)
{
	struct t_side *side = argument;
	char bytes[16384];
	size_t n;

	t_sleep_ms(side->delay_ms);
	do {
		size_t most = side->wanted - side->got;

		n = t_read(side->far_in, bytes, most < sizeof bytes ? most : side->pause_us ? 4096 : sizeof bytes);
		side->right &= t_is_pattern(bytes, n, side->got);
		side->got += n;
		if (side->pause_us)
			usleep((useconds_t)side->pause_us);
	} while (n > 0 && side->got < side->wanted);
	return NULL;
}

static inline void t_side_start(struct t_side *side)
{
	if (side->kind == T_BY_FILES)
		return;
	side->writer = t_thread(t_side_write, side);
	side->reader = t_thread(t_side_read, side);
}

/* To be called after the bridge. Closes the side, since the bridge closes nothing, and returns how many bytes
 * its far end has read, or SIZE_MAX if they were not the pattern. */
static inline size_t t_side_got(struct t_side *side)
{
	if (side->kind == T_BY_FILES) {
		side->got = (size_t)t_size(side->out);
		side->right = t_has_pattern(side->out, 0, side->got, 0);
		MUST(close(side->in) == 0 && close(side->out) == 0);
		return side->right ? side->got : SIZE_MAX;
	}
	if (side->kind == T_BY_PIPES)
		MUST(close(side->out) == 0);
	t_join(side->writer);
	t_join(side->reader);
	MUST(close(side->in) == 0 && close(side->far_in) == 0);
	return side->right ? side->got : SIZE_MAX;
}

#endif
