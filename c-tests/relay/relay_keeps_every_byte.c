/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Some 200 random relays between descriptors of every kind, with random budgets, zs_relay_feed, _take and
 * _more, pools, flags and buffers. A model knows where each byte is: each is compared when it comes out or is
 * taken back, and every run has to wait for exactly what the model says. An argument is the seed of a single
 * case. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define RELAYS 200
#define ROOM ((size_t)2 << 20)
#define A_FILE T_STREAMS

/* Bytes in order. */
struct queue {
	unsigned char *bytes;
	size_t start, end;
};

struct play {
	uint64_t seed, chance;
	int kind_in, kind_out;
	unsigned int flags;
	uint64_t len;
	/* in -> fd_in, the relay, fd_out -> out; -1: closed */
	int in, fd_in, fd_out, out;
	int flags_in, flags_out;
	zs_pool *pool;
	zs_relay *relay;
	/* Where each byte is that has not come out yet. */
	struct queue input, held, output;
	/* How many bytes were made, taken from the input, taken back from the relay, and fed into it. */
	uint64_t made, taken, got_back, fed;
	/* The end has been passed on: no byte may follow. */
	int is_over;
	int failed;
};

static struct queue queues[3];

/* A check; one that fails ends the case. */
#define SO(it, condition) \
	(t_check(!!(condition), __FILE__, __LINE__, #condition) ? (void)0 : (void)((it)->failed = 1))

/* ---- Queues ---- */

static size_t length(const struct queue *queue)
{
	return queue->end - queue->start;
}

static size_t room(const struct queue *queue)
{
	return ROOM - length(queue);
}

static void add(struct queue *queue, const unsigned char *bytes, size_t count)
{
	if (ROOM - queue->end < count) {
		memmove(queue->bytes, queue->bytes + queue->start, length(queue));
		queue->end -= queue->start;
		queue->start = 0;
	}
	memcpy(queue->bytes + queue->end, bytes, count);
	queue->end += count;
}

static void drop(struct queue *queue, size_t count)
{
	queue->start += count;
}

static const unsigned char *first(const struct queue *queue)
{
	return queue->bytes + queue->start;
}

/* ---- Chance ---- */

static size_t some_size(uint64_t *chance)
{
	static const size_t odd[] = { 1, 2, 64, 1000, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537,
				      200000, 1048576, 1048577 };

	return t_one_in(chance, 3) ? 1 + t_below(chance, 40000) : odd[t_below(chance, sizeof odd / sizeof *odd)];
}

/* New bytes, unlike any before. */
static unsigned char *some_bytes(struct play *it, size_t count)
{
	static unsigned char bytes[ROOM];

	t_pattern(bytes, count, it->seed * 7919 + it->made);
	return bytes;
}

/* ---- What happens at the far ends ---- */

static void writes(struct play *it)
{
	size_t count = some_size(&it->chance), done = 0;
	unsigned char *bytes;
	ssize_t n;

	if (it->in < 0 || it->kind_in == A_FILE || count > room(&it->input))
		return;
	bytes = some_bytes(it, count);
	if (t_one_in(&it->chance, 4)) { /* in packets of a byte */
		while (done < count && done < 300 && write(it->in, bytes + done, 1) == 1)
			done++;
	} else if ((n = write(it->in, bytes, count)) > 0) {
		done = (size_t)n;
	}
	add(&it->input, bytes, done);
	it->made += done;
}

static size_t reads(struct play *it, size_t most)
{
	static unsigned char bytes[ROOM];
	ssize_t n = read(it->out, bytes, most < ROOM ? most : ROOM);

	if (n <= 0)
		return 0;
	SO(it, (size_t)n <= length(&it->output) && memcmp(bytes, first(&it->output), (size_t)n) == 0);
	drop(&it->output, (size_t)n);
	return (size_t)n;
}

static void closes(struct play *it)
{
	if (it->in < 0 || it->kind_in == T_A_PTY || it->kind_in == A_FILE)
		return;
	MUST(close(it->in) == 0);
	it->in = -1;
}

/* ---- What the program does ---- */

static void feeds(struct play *it)
{
	size_t count = t_one_in(&it->chance, 3) ? some_size(&it->chance) : t_below(&it->chance, 300);
	unsigned char *bytes;

	if (count > room(&it->held) || it->is_over)
		return;
	bytes = some_bytes(it, count);
	errno = 77;
	SO(it, zs_relay_feed(it->relay, bytes, count) == 0 && errno == 77);
	add(&it->held, bytes, count);
	it->made += count;
	it->fed += count;
}

static void takes_back(struct play *it)
{
	static unsigned char bytes[ROOM];
	size_t most = some_size(&it->chance), has = length(&it->held);
	ssize_t n;

	errno = 77;
	n = zs_relay_take(it->relay, bytes, most);
	SO(it, n == (ssize_t)(most < has ? most : has) && errno == 77);
	SO(it, n < 0 || memcmp(bytes, first(&it->held), (size_t)n) == 0);
	if (n < 0)
		return;
	drop(&it->held, (size_t)n);
	it->got_back += (uint64_t)n;
}

static void lets_more(struct play *it)
{
	size_t count = some_size(&it->chance);

	if (it->len == ZS_TO_END)
		return;
	errno = 77;
	SO(it, zs_relay_more(it->relay, count) == 0 && errno == 77);
	it->len += count;
}

/* ---- A run, and what must be so then ---- */

static int is_bounded(const struct play *it)
{
	return it->len != ZS_TO_END && it->taken >= it->len;
}

/* Whether the stream has ended. */
static int has_ended(const struct play *it)
{
	return (it->in < 0 || it->kind_in == A_FILE) && length(&it->input) == 0;
}

/* Whether the outcome has to be confirmed by poll(2): terminals and TCP work in the background. */
static int is_plain(int kind)
{
	return kind == T_A_PIPE || kind == T_A_UNIX;
}

/* Moves the bytes of the model as the result says. Returns how many were delivered. */
static size_t account(struct play *it, uint64_t before)
{
	struct zs_result now = t_relay_result(it->relay);
	uint64_t gone = now.bytes + now.in_flight + it->got_back - it->fed, delivered = now.bytes - before;

	SO(it, gone >= it->taken && gone - it->taken <= length(&it->input));
	if (it->failed)
		return 0;
	add(&it->held, first(&it->input), (size_t)(gone - it->taken));
	drop(&it->input, (size_t)(gone - it->taken));
	it->taken = gone;
	SO(it, it->len == ZS_TO_END || it->taken <= it->len);
	SO(it, delivered <= length(&it->held) && delivered <= room(&it->output));
	if (it->failed)
		return 0;
	add(&it->output, first(&it->held), (size_t)delivered);
	drop(&it->held, (size_t)delivered);
	SO(it, now.in_flight == length(&it->held));
	return (size_t)delivered;
}

static void is_exact(struct play *it, int wanted)
{
	int holds = length(&it->held) > 0, has_input = length(&it->input) > 0, may_read = it->flags & ZS_RELAY_LEVEL;

	SO(it, !(wanted & ZS_WANT_WRITE) || holds || has_input);
	SO(it, !(wanted & ZS_WANT_WRITE) || it->kind_out != A_FILE);
	SO(it, !(wanted & ZS_WANT_READ) || (it->kind_in != A_FILE && !is_bounded(it)));
	SO(it, wanted & ZS_WANT_WRITE || !holds);
	if (wanted & ZS_WANT_WRITE && is_plain(it->kind_out))
		SO(it, !(t_ready(it->fd_out, POLLOUT) & POLLOUT));
	if (wanted & ZS_WANT_READ && is_plain(it->kind_in) && !may_read)
		SO(it, !t_ready(it->fd_in, POLLIN));
	if (!(wanted & ZS_WANT_READ) && is_plain(it->kind_in))
		SO(it, holds || has_input);
}

/* Checks the outcome. */
static int runs(struct play *it, uint64_t budget)
{
	uint64_t before = t_relay_result(it->relay).bytes, most = budget ? budget : 1 << 20;
	int wanted = t_relay_run(it->relay, budget);
	size_t delivered = account(it, before);

	SO(it, wanted >= 0);
	it->is_over |= wanted == 0 && !is_bounded(it);
	if (wanted == 0)
		SO(it, length(&it->held) == 0 && (is_bounded(it) || has_ended(it)));
	else if (wanted == ZS_WANT_RUN)
		SO(it, delivered == most);
	else if (wanted > 0)
		is_exact(it, wanted);
	return wanted;
}

/* ---- A play ---- */

static void ends(int kind, int *near_end, int *far_end, int is_output)
{
	int fds[2], file;

	if (kind == A_FILE) {
		file = t_file(0);
		*near_end = t_reopen(file, O_RDWR);
		*far_end = file;
		return;
	}
	t_stream((enum t_stream)kind, fds);
	t_nonblock(fds[0], 1);
	t_nonblock(fds[1], 1);
	*near_end = fds[is_output];
	*far_end = fds[!is_output];
}

static void begins(struct play *it, uint64_t seed)
{
	const unsigned int flags[] = { ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL, ZS_RELAY_LEVEL };
	size_t count;

	*it = (struct play){ .seed = seed, .chance = seed, .input = queues[0], .held = queues[1], .output = queues[2] };
	it->kind_in = (int)t_below(&it->chance, A_FILE + 1);
	it->kind_out = (int)t_below(&it->chance, A_FILE + 1);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		it->flags |= t_one_in(&it->chance, i == 1 ? 6 : 3) ? flags[i] : 0;
	it->len = t_one_in(&it->chance, 2) ? some_size(&it->chance) : ZS_TO_END;
	ends(it->kind_in, &it->fd_in, &it->in, 0);
	ends(it->kind_out, &it->fd_out, &it->out, 1);
	if (it->kind_out == T_A_UNIX && t_one_in(&it->chance, 2)) {
		int size = 4608 << t_below(&it->chance, 5);

		MUST(setsockopt(it->fd_out, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	}
	if (it->kind_in == A_FILE) {
		count = some_size(&it->chance);
		t_write(it->in, some_bytes(it, count), count);
		add(&it->input, some_bytes(it, count), count);
		it->made += count;
	}
	if (t_one_in(&it->chance, 2))
		MUST((it->pool = zs_pool_new(t_below(&it->chance, 3),
					     t_one_in(&it->chance, 2) ? 0 : (size_t)4096 << t_below(&it->chance, 9))));
	it->flags_in = fcntl(it->fd_in, F_GETFL);
	it->flags_out = fcntl(it->fd_out, F_GETFL);
	MUST((it->relay = zs_relay_new(it->fd_in, it->fd_out, it->len, it->pool, it->flags)) != NULL);
}

static void step(struct play *it)
{
	uint64_t *chance = &it->chance;

	switch (t_below(chance, 10)) {
	case 0: case 1: case 2:
		writes(it);
		break;
	case 3: case 4:
		(void)reads(it, some_size(chance));
		break;
	case 5:
		if (t_one_in(chance, 5))
			feeds(it);
		else if (t_one_in(chance, 5))
			takes_back(it);
		else if (t_one_in(chance, 5))
			lets_more(it);
		else if (t_one_in(chance, 40))
			closes(it);
		break;
	default:
		/* Within what the model has room for. */
		if (room(&it->output) > 1 << 20 && room(&it->held) > 1 << 20)
			(void)runs(it, t_one_in(chance, 2) ? 0 : t_one_in(chance, 3) ? 1 + t_below(chance, 3)
				       : some_size(chance));
	}
}

/* Until everything has come out: TCP has timers of 200 ms. */
static void drains(struct play *it)
{
	int idle = 0, wanted = -1;

	closes(it);
	while (!it->failed && idle < 4000) {
		size_t before = length(&it->output) + length(&it->held), got = 0;

		if (room(&it->output) > 1 << 20)
			wanted = runs(it, 0);
		while (reads(it, ROOM) > 0)
			got++;
		if (length(&it->output) == 0 && (wanted == 0 || (wanted == ZS_WANT_READ && length(&it->input) == 0)))
			return;
		idle = got || before != length(&it->output) + length(&it->held) ? 0 : idle + 1;
		if (idle > 2)
			usleep(300);
	}
	SO(it, it->failed || !"stuck");
}

static void play(uint64_t seed)
{
	struct play it;
	int steps;

	begins(&it, seed);
	steps = 50 + (int)t_below(&it.chance, 250);
	for (int i = 0; i < steps && !it.failed; i++)
		step(&it);
	if (!it.failed)
		drains(&it);
	SO(&it, fcntl(it.fd_in, F_GETFL) == it.flags_in && fcntl(it.fd_out, F_GETFL) == it.flags_out);
	if (it.failed)
		fprintf(stderr, "... seed %llu: from %d to %d flags %s len %lld pool %d: in %zu held %zu out "
			"%zu closed %d\n", (unsigned long long)seed, it.kind_in, it.kind_out,
			t_flag_words(it.flags), (long long)it.len, it.pool != NULL, length(&it.input),
			length(&it.held), length(&it.output), it.in < 0);
	/* In either order. */
	if (it.pool && seed % 2)
		zs_pool_free(it.pool);
	zs_relay_free(it.relay);
	if (it.pool && seed % 2 == 0)
		zs_pool_free(it.pool);
	MUST(close(it.fd_in) == 0 && close(it.fd_out) == 0 && close(it.out) == 0 && (it.in < 0 || close(it.in) == 0));
}

int main(int count, char **words)
{
	uint64_t seed = count > 1 ? strtoull(words[1], NULL, 0) : t_seed() * 1000000;
	int64_t end = t_now_ms() + 4000;
	int played = 0, before = t_open_descriptors();

	for (int i = 0; i < 3; i++)
		MUST((queues[i].bytes = malloc(ROOM)) != NULL);
	if (count > 1)
		play(seed);
	for (; count == 1 && played < RELAYS && t_now_ms() < end && t_failures == 0; played++)
		play(seed + (uint64_t)played);
	T_EQ(t_open_descriptors(), before);
	printf("%d relays\n", played);
	for (int i = 0; i < 3; i++)
		free(queues[i].bytes);
	return t_done();
}
