/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A transfer between two streams whose peers are threads: one writes the pattern, the other reads it; both stall,
 * and may die. */
#ifndef STREAMS_H
#define STREAMS_H

/* The end of a stream that a thread serves. */
struct peer {
	int fd;
	enum t_stream kind;
	uint64_t len;     /* bytes to write; as a reader: bytes after which it dies */
	uint64_t moved;
	uint64_t chance;
	int is_wrong, dies;
};

struct transfer {
	struct peer writer, reader;
	int in, out;
	enum t_engine engine;
};

/* A pipe or a socket: a terminal that hangs up drops what was not read. */
static enum t_stream any_kind(uint64_t *state)
{
	static const enum t_stream kinds[] = { T_A_PIPE, T_A_UNIX, T_A_TCP };

	return kinds[t_below(state, 3)];
}

static void stall(uint64_t *state)
{
	if (t_one_in(state, 12))
		usleep((useconds_t)t_below(state, 1500));
}

/* A reset, where there is such a thing. */
static void leave(struct peer *peer)
{
	if (peer->dies && peer->kind == T_A_TCP)
		t_reset(peer->fd);
	else
		MUST(close(peer->fd) == 0);
}

static void *write_pattern(void *argument)
{
	struct peer *peer = argument;
	unsigned char piece[32768];

	while (peer->moved < peer->len) {
		uint64_t left = peer->len - peer->moved, n = 1 + t_below(&peer->chance, sizeof piece);
		ssize_t written;

		n = n < left ? n : left;
		t_pattern(piece, n, peer->moved);
		written = write(peer->fd, piece, n);
		if (written < 0)
			break;
		peer->moved += (uint64_t)written;
		stall(&peer->chance);
	}
	leave(peer);
	return NULL;
}

static void *read_pattern(void *argument)
{
	struct peer *peer = argument;
	unsigned char piece[32768];
	ssize_t n = 1;

	while (peer->moved < peer->len) {
		n = read(peer->fd, piece, 1 + t_below(&peer->chance, sizeof piece));
		if (n <= 0)
			break;
		peer->is_wrong |= !t_is_pattern(piece, (size_t)n, peer->moved);
		peer->moved += (uint64_t)n;
		stall(&peer->chance);
	}
	/* Whoever dies leaves early; the others have met the end. */
	peer->dies = peer->moved >= peer->len || n < 0;
	leave(peer);
	return NULL;
}

/* Both streams, made before a storm takes the descriptors away. */
static struct transfer *open_transfer(uint64_t *state, int may_die)
{
	struct transfer *transfer = calloc(1, sizeof *transfer);
	int in[2], out[2];

	MUST(transfer != NULL);
	transfer->writer = (struct peer){ .kind = any_kind(state), .chance = t_random(state),
					  .len = t_below(state, 1 << (8 + t_below(state, 13))),
					  .dies = may_die && t_one_in(state, 4) };
	transfer->reader = (struct peer){ .kind = any_kind(state), .chance = t_random(state),
					  .len = may_die && t_one_in(state, 4) ? 1 + t_below(state, 200000) : UINT64_MAX };
	transfer->engine = (enum t_engine)t_below(state, T_ENGINES);
	t_stream(transfer->writer.kind, in);
	t_stream(transfer->reader.kind, out);
	transfer->in = in[0];
	transfer->writer.fd = in[1];
	transfer->reader.fd = out[0];
	transfer->out = out[1];
	if (transfer->engine == T_BY_RELAY || t_one_in(state, 2)) {
		t_nonblock(transfer->in, 1);
		t_nonblock(transfer->out, 1);
	}
	return transfer;
}

/* What arrived is what was sent, in order, and as much as the library says. */
static void judge(const struct transfer *transfer, const struct zs_result *result)
{
	const struct peer *writer = &transfer->writer, *reader = &transfer->reader;

	t_scene("%s: written %llu to a %s (dies %d), read %llu from a %s (dies %d): %s",
		t_engine_name(transfer->engine), (unsigned long long)writer->moved, t_stream_name(writer->kind),
		writer->dies, (unsigned long long)reader->moved, t_stream_name(reader->kind), reader->dies,
		t_errno_name(result->error));
	OK(!reader->is_wrong);
	OK(reader->moved <= result->bytes && result->bytes + result->in_flight <= writer->moved);
	if (result->error == 0)
		T_EQ(result->bytes, writer->moved);
	if (result->error == 0 && !reader->dies)
		T_EQ(reader->moved, result->bytes);
	if (!writer->dies && !reader->dies)
		T_EQ(result->error, 0);
	else if (result->error != 0)
		OK(result->error == EPIPE || result->error == ECONNRESET);
}

static void transfer_and_close(struct transfer *transfer)
{
	struct zs_options options = { .size = sizeof options, .flags = ZS_NOSIGPIPE };
	struct zs_result result;
	pthread_t writer = t_thread(write_pattern, &transfer->writer), reader = t_thread(read_pattern, &transfer->reader);

	let_signals_in(1);
	count(t_engine(transfer->engine, transfer->in, NULL, transfer->out, ZS_TO_END, &options, &result), &result);
	MUST(close(transfer->in) == 0 && close(transfer->out) == 0);
	t_join(writer);
	t_join(reader);
	judge(transfer, &result);
	free(transfer);
}

/* ---- Storms ---- */

/* Readers stall and die, writers reset their connections. */
static void stalling_peers(void)
{
	transfer_and_close(open_transfer(&chance, 1));
}

/* Each of many threads has its transfers. */
static void *many_in_a_thread(void *seed)
{
	uint64_t state = *(uint64_t *)seed;

	for (int i = 0; i < 4; i++)
		transfer_and_close(open_transfer(&state, 1));
	return NULL;
}

static void many_threads(void)
{
	enum { COUNT = 64 };
	pthread_t threads[COUNT];
	uint64_t seeds[COUNT];

	for (int i = 0; i < COUNT; i++) {
		seeds[i] = t_random(&chance);
		threads[i] = t_thread(many_in_a_thread, &seeds[i]);
	}
	for (int i = 0; i < COUNT; i++)
		t_join(threads[i]);
}

/* While its limit of descriptors falls and rises, everything still arrives. */
struct limiter {
	int stop, least;
	uint64_t chance;
};

static void *limit_descriptors(void *argument)
{
	struct limiter *limiter = argument;
	struct rlimit limit, all;

	MUST(getrlimit(RLIMIT_NOFILE, &all) == 0);
	while (!__atomic_load_n(&limiter->stop, __ATOMIC_RELAXED)) {
		limit = all;
		limit.rlim_cur = (rlim_t)limiter->least + t_below(&limiter->chance, 12);
		MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		usleep((useconds_t)t_below(&limiter->chance, 2000));
		MUST(setrlimit(RLIMIT_NOFILE, &all) == 0);
		usleep((useconds_t)t_below(&limiter->chance, 500));
	}
	return NULL;
}

static void few_descriptors(void)
{
	struct limiter limiter = { .chance = t_random(&chance) };
	struct transfer *transfer = open_transfer(&chance, 0);
	pthread_t thread;

	(void)t_null(); /* opened before */
	/* poll(2) takes as many descriptors as may be open, and nothing else waits where O_NONBLOCK is set. */
	limiter.least = fcntl(transfer->in, F_GETFL) & O_NONBLOCK ? 4 : 0;
	thread = t_thread(limit_descriptors, &limiter);
	transfer_and_close(transfer);
	__atomic_store_n(&limiter.stop, 1, __ATOMIC_RELAXED);
	t_join(thread);
}

/* A child of fork(2) may use what has no state. */
static void copy_in_a_child(void *unused)
{
	struct zs_result result;
	int in[2], out[2];
	char bytes[1000];

	(void)unused;
	MUST(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	t_pattern(bytes, sizeof bytes, 7);
	t_write(in[1], bytes, sizeof bytes);
	MUST(close(in[1]) == 0);
	T_EQ(zs_splice_full(in[0], NULL, out[1], NULL, ZS_TO_END, 0, &result), sizeof bytes);
	T_EQ(t_read(out[0], bytes, sizeof bytes), sizeof bytes);
	OK(t_is_pattern(bytes, sizeof bytes, 7));
}

static void forks(void)
{
	uint64_t seed = t_random(&chance);
	pthread_t thread = t_thread(many_in_a_thread, &seed);

	for (int i = 0; i < 4; i++)
		T_CHILD(copy_in_a_child, NULL);
	t_join(thread);
}

/* The shared library comes and goes, beside the archive in this program. */
static void loaded_and_unloaded(void)
{
	void *library = dlopen("libzsplice.so.0", RTLD_NOW | RTLD_LOCAL);
	int64_t (*copy)(int, int64_t *, int, int64_t *, uint64_t, const struct zs_options *, struct zs_result *);
	struct zs_result result;
	unsigned char bytes[5000];
	int fds[2], file = t_file(sizeof bytes);

	if (library == NULL)
		skip_storm("libzsplice.so.0 is not found");
	*(void **)&copy = dlsym(library, "zs_copy");
	MUST(copy != NULL && pipe2(fds, O_CLOEXEC) == 0);
	let_signals_in(1);
	count(copy(file, NULL, fds[1], NULL, ZS_TO_END, NULL, &result), &result);
	T_EQ(t_read(fds[0], bytes, sizeof bytes), sizeof bytes);
	t_close2(fds);
	MUST(close(file) == 0 && dlclose(library) == 0);
}

#endif
