/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies that all wait at once, each in a thread of its own: for each kind of input that is silent, and for
 * each kind of output that is full, blocking and not. Include after t_copy.h. */
#ifndef T_BLOCKED_H
#define T_BLOCKED_H

#define T_BLOCKED_MAX 96
#define T_BLOCKED_MS 100        /* when the event comes that ends them */
#define T_NOTICED_MS (1000 * t_slower()) /* how soon they must notice it on a busy machine; otherwise they never do */
#define T_BLOCKED_LEN (1 << 20) /* more than any of the outputs holds */

/* What the other side is, which is not waited for. */
enum t_other_side { T_OTHER_FILE, T_OTHER_PIPE, T_OTHER_UNIX, T_OTHER_TCP, T_OTHER_NULL, T_OTHERS };

struct t_blocked {
	enum { T_SILENT, T_FILLS, T_FULL } how; /* silent input; output that fills up; that is full */
	enum t_stream kind;
	int nonblock;
	enum t_other_side beside;
	struct zs_options options;

	int in, out, far_in, far_out;
	pthread_barrier_t *ready;
	size_t before;                          /* zeroes in the output already */
	struct zs_result result;
	int64_t returned, began, ended;
	int error, good;
	pthread_t thread;
};

struct t_blocked_all {
	struct t_blocked of[T_BLOCKED_MAX];
	int count;
	pthread_barrier_t ready;
};

/* Whether a socket may hold more than the system's limit, which takes CAP_NET_ADMIN. Where it may not,
 * the cases with a socket on the other side are left out. */
static inline int t_may_force_buffers(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), room = 4 << 20, may;

	MUST(fd >= 0);
	may = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0;
	MUST(may || errno == EPERM);
	MUST(close(fd) == 0);
	return may;
}

/* Opens the other side: an output that takes 1 MiB at any time, or an input that has 1 MiB. */
static inline void t_blocked_open_other_side(struct t_blocked *it, int writes)
{
	int fds[2] = { -1, -1 }, room = 4 << 20;
	char *bytes;

	if (it->beside == T_OTHER_FILE)
		fds[writes] = t_file(writes ? 0 : T_BLOCKED_LEN);
	else if (it->beside == T_OTHER_NULL)
		fds[writes] = open(writes ? "/dev/null" : "/dev/zero", O_RDWR);
	else
		t_stream((enum t_stream)(it->beside - 1), fds);
	if (it->beside == T_OTHER_UNIX || it->beside == T_OTHER_TCP) {
		MUST(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) == 0);
		MUST(setsockopt(fds[0], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) == 0);
	}
	if (it->beside == T_OTHER_PIPE)
		MUST(fcntl(fds[1], F_SETPIPE_SZ, T_BLOCKED_LEN) == T_BLOCKED_LEN);
	if (writes) {
		it->out = fds[1];
		it->far_out = fds[0];
		return;
	}
	it->in = fds[0];
	it->far_in = fds[1];
	if (it->far_in >= 0) { /* as much as fits, which is more than the output takes */
		size_t written = 0;
		ssize_t n;

		MUST((bytes = malloc(T_BLOCKED_LEN)) != NULL);
		t_pattern(bytes, T_BLOCKED_LEN, 0);
		t_nonblock(it->far_in, 1);
		while (written < T_BLOCKED_LEN &&
		       (n = write(it->far_in, bytes + written, T_BLOCKED_LEN - written)) > 0)
			written += (size_t)n;
		free(bytes);
	}
}

static inline void t_blocked_set_up(struct t_blocked *it)
{
	int fds[2];

	it->result = t_unwritten();
	t_stream(it->kind, fds);
	if (it->how == T_SILENT) {
		it->in = fds[0];
		it->far_in = fds[1];
		t_nonblock(it->in, it->nonblock);
		MUST(write(it->far_in, "first!", 6) == 6);
		t_blocked_open_other_side(it, 1);
		return;
	}
	it->out = fds[1];
	it->far_out = fds[0];
	it->before = it->how == T_FULL ? t_fill_stream(it->kind, fds) : 0;
	t_nonblock(it->out, it->nonblock);
	t_blocked_open_other_side(it, 0);
}

/* Whether the bytes that arrived and the bytes that were taken agree with the result. */
static inline int t_blocked_check_bytes(struct t_blocked *it)
{
	const size_t room = 4 << 20;
	char *bytes = malloc(room);
	const struct zs_result *result = &it->result;
	size_t got, taken = result->bytes + result->in_flight;
	int good = 1;

	MUST(bytes != NULL);
	if (it->far_out >= 0) {
		t_nonblock(it->far_out, 1);
		got = t_read_rest(it->far_out, bytes, room);
		good &= T_EQ(got, it->before + result->bytes);
	} else {
		got = result->bytes;
		good &= OK(it->how != T_SILENT || it->beside == T_OTHER_NULL ||
			   (t_size(it->out) == 6 && pread(it->out, bytes, 6, 0) == 6));
		if (it->beside == T_OTHER_NULL)
			memcpy(bytes, "first!", 6);
	}
	if (it->how == T_SILENT) {
		good &= OK(result->bytes == 6 && result->in_flight == 0);
		good &= T_EQ(memcmp(bytes, "first!", 6), 0);
	} else if (it->beside != T_OTHER_NULL) {
		good &= OK(got < it->before || t_is_pattern(bytes + it->before, got - it->before, 0));
		if (it->far_in >= 0) { /* the input continues right after what was taken */
			t_nonblock(it->in, 1);
			got = (size_t)read(it->in, bytes, 4096);
			good &= OK((ssize_t)got > 0 && t_is_pattern(bytes, got, taken));
		} else {
			good &= OK(t_position(it->in) == (int64_t)result->bytes && result->in_flight == 0);
		}
	}
	free(bytes);
	return good;
}

static inline void *t_blocked_run(void *argument)
{
	struct t_blocked *it = argument;
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGUSR1);
	t_blocked_set_up(it);
	(void)pthread_barrier_wait(it->ready);
	MUST(pthread_sigmask(SIG_UNBLOCK, &interrupts, NULL) == 0);
	it->began = t_now_ms();
	it->returned = zs_copy(it->in, NULL, it->out, NULL, ZS_TO_END, &it->options, &it->result);
	it->error = errno;
	__atomic_store_n(&it->ended, t_now_ms(), __ATOMIC_SEQ_CST);
	MUST(pthread_sigmask(SIG_BLOCK, &interrupts, NULL) == 0);
	it->good = t_blocked_check_bytes(it);
	return NULL;
}

/* Starts all copies, with the same options. With `prefilled` also those whose output is full from the start. */
static inline void t_blocked_start(struct t_blocked_all *all, struct zs_options options, int prefilled)
{
	int may_force = t_may_force_buffers();

	all->count = 0;
	for (int how = T_SILENT; how <= (prefilled ? T_FULL : T_FILLS); how++)
		for (int kind = 0; kind < T_STREAMS; kind++)
			for (int nonblock = 0; nonblock < 2; nonblock++)
				for (int beside = 0; beside < T_OTHERS; beside++) {
					struct t_blocked *it = &all->of[all->count];

					if (how == T_FULL && beside >= T_OTHER_UNIX)
						continue;
					if (!may_force && (beside == T_OTHER_UNIX || beside == T_OTHER_TCP))
						continue;
					MUST(all->count++ < T_BLOCKED_MAX);
					*it = (struct t_blocked){ .how = how, .kind = (enum t_stream)kind,
						.nonblock = nonblock, .beside = (enum t_other_side)beside,
						.options = options, .ready = &all->ready };
				}
	/* Filling a TCP socket takes a while. */
	MUST(pthread_barrier_init(&all->ready, NULL, (unsigned)all->count + 1) == 0);
	for (int i = 0; i < all->count; i++)
		all->of[i].thread = t_thread(t_blocked_run, &all->of[i]);
	(void)pthread_barrier_wait(&all->ready);
}

static inline void t_blocked_join(struct t_blocked_all *all)
{
	for (int i = 0; i < all->count; i++)
		t_join(all->of[i].thread);
	MUST(pthread_barrier_destroy(&all->ready) == 0);
}

/* Checks that each ended with `error`, in ms not before `from` and not long after `until`, counted from `since`
 * or, where that is 0, from its beginning; and that its bytes add up. Returns how many were late. */
static inline int t_blocked_check(struct t_blocked_all *all, int error, int64_t since, int from, int until)
{
	static const char *const how[] = { "silent", "filling", "full" };
	static const char *const other[] = { "file", "pipe", "Unix socket", "TCP socket", "device" };
	int late = 0;

	for (int i = 0; i < all->count; i++) {
		struct t_blocked *it = &all->of[i];
		int64_t after = it->ended - (since ? since : it->began);
		int good = OK(it->returned == -1 && it->error == error) &
			   OK(it->result.error == error && it->result.side == ZS_SIDE_CALL) &
			   OK(after >= from - 1) & it->good;

		/* A full terminal may take a few more bytes after a while, which starts the idle time again. */
		if (it->kind == T_A_PTY && it->how != T_SILENT && it->options.idle_ns > 0)
			after -= after > until + T_NOTICED_MS ? T_BLOCKED_MS : 0;
		late += after > until + T_NOTICED_MS;
		if (!good || after > until + T_NOTICED_MS)
			fprintf(stderr, "... %s %s, %s, %s on the other side: %lld errno %s, bytes %llu, in "
				"flight %llu, via %s, after %lld ms\n", how[it->how], t_stream_name(it->kind),
				it->nonblock ? "O_NONBLOCK" : "blocking", other[it->beside],
				(long long)it->returned, t_errno_name(it->error),
				(unsigned long long)it->result.bytes, (unsigned long long)it->result.in_flight,
				t_via_words(it->result.via), (long long)after);
		for (int end = 0; end < 4; end++) {
			int fd = end == 0 ? it->in : end == 1 ? it->out : end == 2 ? it->far_in : it->far_out;

			MUST(fd < 0 || close(fd) == 0);
		}
	}
	return late;
}

/* A busy machine makes a copy late: it counts when it happens three times. */
#define T_IN_TIME(late) \
	do { \
		int tries = 0; \
		while ((late) > 0 && tries < 3) \
			tries++; \
		t_check(tries < 3, __FILE__, __LINE__, "in time in one of three tries: " #late); \
	} while (0)

#endif
