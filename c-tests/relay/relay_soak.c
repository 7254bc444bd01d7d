/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Random peers on both sides of paired relays in one loop: sizes, delays, half-closes, resets, buffers,
 * edge- and level-triggered. Every byte is compared, every wake-up without progress counted. Arguments: a
 * seed, and for how many seconds. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

#define AT_ONCE 30
#define ENOUGH 10

struct peer {
	int fd;                      /* -1: gone */
	uint64_t from;               /* where its pattern begins */
	size_t len, sent, got, speed; /* what it sends, and gets of the other's */
	size_t resets_at;            /* having sent so much; SIZE_MAX: never */
	int ended;
};

struct way {
	zs_relay *relay;
	int wanted, in, out;
};

struct connection {
	struct peer peers[2];
	int fds[2], ready[2], listed[2]; /* the descriptors of the loop, to which the peers are connected */
	struct way ways[2];              /* from fds[0] to fds[1], and back */
	int open, resets, failed;
	int64_t since, moved_at;
	size_t so_far;
};

static struct connection connections[AT_ONCE];
static uint64_t chance;
static int epoll, is_edge;
static long runs, vain, done, resets;
static unsigned long long moved;

static void buffers(int fd)
{
	/* With smaller buffers TCP would wait for its timers, since the packets of the loopback are large. */
	int size = (t_is_tcp(fd) ? 32768 : 2048) << t_below(&chance, 5);

	if (t_one_in(&chance, 2))
		MUST(setsockopt(fd, SOL_SOCKET, t_one_in(&chance, 2) ? SO_SNDBUF : SO_RCVBUF, &size, sizeof size) == 0);
}

static void watch(struct connection *c, int which, uint32_t events)
{
	struct epoll_event event = { events, { .u64 = (uint64_t)(c - connections) * 2 + (uint64_t)which } };

	if (!c->listed[which] && events)
		MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, c->fds[which], &event) == 0);
	else if (c->listed[which] && !events)
		MUST(epoll_ctl(epoll, EPOLL_CTL_DEL, c->fds[which], &event) == 0);
	else if (events)
		MUST(epoll_ctl(epoll, EPOLL_CTL_MOD, c->fds[which], &event) == 0);
	c->listed[which] = events != 0;
}

static void begin(struct connection *c, zs_pool *pool)
{
	memset(c, 0, sizeof *c);
	for (int i = 0; i < 2; i++) {
		struct peer *peer = &c->peers[i];
		int fds[2];

		t_stream(t_one_in(&chance, 3) ? T_A_UNIX : T_A_TCP, fds);
		t_nonblock(fds[0], 1);
		t_nonblock(fds[1], 1);
		buffers(fds[0]);
		buffers(fds[1]);
		*peer = (struct peer){ .fd = fds[1], .from = t_random(&chance), .resets_at = SIZE_MAX,
				       .len = t_below(&chance, (size_t)1 << t_below(&chance, 20)),
				       .speed = (size_t)1 << t_below(&chance, 18) };
		if (t_one_in(&chance, 6))
			peer->resets_at = t_below(&chance, peer->len + 1);
		c->resets |= peer->resets_at != SIZE_MAX;
		c->fds[i] = fds[0];
	}
	for (int i = 0; i < 2; i++) {
		unsigned int flags = ZS_NOSIGPIPE | ZS_RELAY_SHUTDOWN | (t_one_in(&chance, 5) ? ZS_STABLE : 0)
			| (!is_edge && t_one_in(&chance, 2) ? ZS_RELAY_LEVEL : 0);
		struct peer *from = &c->peers[i];
		char bytes[5000];
		size_t fed = from->len < sizeof bytes ? from->len : sizeof bytes;

		c->ways[i] = (struct way){ .in = i, .out = !i, .wanted = ZS_WANT_RUN };
		c->ways[i].relay = zs_relay_new(c->fds[i], c->fds[!i], ZS_TO_END, t_one_in(&chance, 3) ? NULL : pool, flags);
		MUST(c->ways[i].relay != NULL);
		if (t_one_in(&chance, 5)) {
			t_pattern(bytes, fed, from->from);
			T_EQ(zs_relay_feed(c->ways[i].relay, bytes, fed), 0);
			from->sent = fed;
		}
	}
	zs_relay_pair(c->ways[0].relay, c->ways[1].relay);
	c->open = 1;
	c->since = c->moved_at = t_now_ms();
	if (is_edge)
		for (int i = 0; i < 2; i++)
			watch(c, i, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void hang_up(struct connection *c)
{
	for (int i = 0; i < 2; i++) {
		if (c->listed[i])
			watch(c, i, 0);
		moved += t_relay_result(c->ways[i].relay).bytes;
		zs_relay_free(c->ways[i].relay);
	}
	MUST(close(c->fds[0]) == 0 && close(c->fds[1]) == 0);
	c->open = 0;
}

/* Runs one of the two directions. `must`: something has happened to it other than readiness. */
static void run(struct connection *c, struct way *way, int must)
{
	struct zs_result before, after;
	int earlier = way->wanted;

	if (earlier == 0)
		return;
	before = t_relay_result(way->relay);
	way->wanted = t_relay_run(way->relay, t_one_in(&chance, 4) ? 1 + t_below(&chance, 20000) : 0);
	after = t_relay_result(way->relay);
	runs++;
	if (!must && earlier != ZS_WANT_RUN && way->wanted == earlier && before.bytes == after.bytes
	    && before.in_flight == after.in_flight)
		vain++;
	if (way->wanted < 0) {
		c->failed = 1;
		OK(c->resets || errno == 0);
		if (after.error != ECONNRESET && after.error != EPIPE)
			T_EQ(after.error, 0);
	}
	if (way->wanted > 0 && !(way->wanted & ZS_WANT_RUN)) {
		if (way->wanted & ZS_WANT_READ)
			c->ready[way->in] &= ~ZS_WANT_READ;
		if (way->wanted & ZS_WANT_WRITE)
			c->ready[way->out] &= ~ZS_WANT_WRITE;
	}
}

static void serve(struct connection *c)
{
	for (int i = 0; i < 2 && !c->failed; i++) {
		struct way *way = &c->ways[i];

		if (way->wanted & ZS_WANT_RUN || (way->wanted & ZS_WANT_READ && c->ready[way->in] & ZS_WANT_READ)
		    || (way->wanted & ZS_WANT_WRITE && c->ready[way->out] & ZS_WANT_WRITE))
			run(c, way, 0);
	}
	if (c->failed || (c->ways[0].wanted == 0 && c->ways[1].wanted == 0)) {
		hang_up(c);
		return;
	}
	for (int i = 0; i < 2 && !is_edge; i++) {
		uint32_t events = (c->ways[i].wanted & ZS_WANT_READ ? EPOLLIN : 0)
			| (c->ways[!i].wanted & ZS_WANT_WRITE ? EPOLLOUT : 0);

		if (events || c->listed[i])
			watch(c, i, events);
		c->ready[i] = 0;
	}
}

static void wake(void)
{
	struct epoll_event events[AT_ONCE * 2];
	int n = epoll_wait(epoll, events, AT_ONCE * 2, 0);

	for (int i = 0; i < n; i++) {
		struct connection *c = &connections[events[i].data.u64 / 2];
		int which = events[i].data.u64 % 2;

		if (!c->open)
			continue;
		c->ready[which] |= (events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? ZS_WANT_READ : 0)
			| (events[i].events & (EPOLLOUT | EPOLLHUP | EPOLLERR) ? ZS_WANT_WRITE : 0);
		for (int j = 0; j < 2 && events[i].events & (EPOLLHUP | EPOLLERR) && !c->failed; j++)
			run(c, &c->ways[j], 1);
	}
	for (int i = 0; i < AT_ONCE; i++)
		if (connections[i].open)
			serve(&connections[i]);
}

/* A peer sends, reads, ends its stream or resets, or does nothing for now. */
static void act(struct peer *peer, const struct peer *other, int hurry)
{
	size_t piece = hurry ? SIZE_MAX : 1 + t_below(&chance, peer->speed), left = peer->len - peer->sent;

	if (peer->fd < 0 || (!hurry && t_one_in(&chance, 3)))
		return;
	if (peer->sent >= peer->resets_at) {
		t_reset(peer->fd);
		resets++;
		peer->fd = -1;
		return;
	}
	if (peer->sent < peer->len)
		peer->sent += t_push(peer->fd, piece < left ? piece : left, peer->from + peer->sent);
	if (peer->sent == peer->len && !peer->ended && t_one_in(&chance, 2)) {
		(void)shutdown(peer->fd, SHUT_WR);
		peer->ended = 1;
	}
	if (hurry || t_one_in(&chance, 2))
		peer->got += t_pull(peer->fd, piece, other->from + peer->got);
}

/* After the connection is over: reads what still arrives, and the end. Returns whether the end has come. */
static int last_bytes(struct peer *peer, const struct peer *other)
{
	char byte;

	if (peer->fd < 0)
		return 1;
	peer->got += t_pull(peer->fd, SIZE_MAX, other->from + peer->got);
	switch (read(peer->fd, &byte, 1)) {
	case 1: /* it has just come */
		T_EQ((unsigned char)byte, t_pattern_at(other->from + peer->got++));
		return 0;
	case 0:
		return 1;
	default:
		return errno != EAGAIN;
	}
}

static void stalled(struct connection *c)
{
	OK(!"stalled");
	for (int i = 0; i < 2; i++)
		fprintf(stderr, "  open %d wants %d ready %d; peer %d sent %zu of %zu, got %zu\n", c->open,
			c->ways[i].wanted, c->ready[i], c->peers[i].fd, c->peers[i].sent, c->peers[i].len,
			c->peers[i].got);
}

/* Whether the connection is over and everything has arrived. */
static int over(struct connection *c)
{
	int64_t now = t_now_ms();
	size_t so_far = 0;

	for (int i = 0; i < 2 && c->open; i++)
		act(&c->peers[i], &c->peers[!i], now - c->since > 150);
	for (int i = 0; i < 2; i++)
		so_far += c->peers[i].sent + c->peers[i].got + (c->peers[i].fd < 0);
	if (so_far != c->so_far || t_failures >= ENOUGH)
		c->moved_at = now;
	c->so_far = so_far;
	if (c->open && now - c->moved_at < 4000)
		return 0;
	if (c->open) {
		stalled(c);
		hang_up(c);
	}
	for (int i = 0; i < 2; i++)
		if (!last_bytes(&c->peers[i], &c->peers[!i]) && now - c->moved_at < 4000)
			return 0;
	for (int i = 0; i < 2; i++) {
		struct peer *peer = &c->peers[i], *other = &c->peers[!i];

		OK(peer->got <= other->sent);
		if (peer->fd >= 0 && !c->failed && other->fd >= 0
		    && !OK(peer->got == other->sent && other->sent == other->len))
			fprintf(stderr, "  got %zu of %zu\n", peer->got, other->sent);
	}
	for (int i = 0; i < 2; i++)
		MUST(c->peers[i].fd < 0 || close(c->peers[i].fd) == 0);
	done++;
	return 1;
}

static void soak(zs_pool *pool, int64_t ms)
{
	int64_t until = t_now_ms() + ms;

	MUST((epoll = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	for (int i = 0; i < AT_ONCE; i++)
		begin(&connections[i], pool);
	for (int left = 1; left && t_failures < ENOUGH;) {
		left = 0;
		wake();
		for (int i = 0; i < AT_ONCE; i++) {
			struct connection *c = &connections[i];

			if (c->ways[0].relay && over(c)) {
				c->ways[0].relay = NULL;
				if (t_now_ms() < until)
					begin(c, pool);
			}
			left |= c->ways[0].relay != NULL;
		}
	}
	MUST(close(epoll) == 0);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : t_seed();
	int64_t ms = argc > 2 ? atoi(argv[2]) * 1000 : 4000;
	int before = t_open_descriptors();
	zs_pool *pool = zs_pool_new(4, 0);

	chance = seed;
	MUST(pool != NULL && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (is_edge = 0; is_edge < 2 && !t_failures; is_edge++) {
		long runs_before = runs, vain_before = vain;

		soak(pool, ms / 2);
		OK(vain - vain_before <= 20 + (runs - runs_before) / 1000);
		printf("%s: %ld runs, %ld in vain\n", is_edge ? "edge" : "level", runs - runs_before, vain - vain_before);
	}
	zs_pool_free(pool);
	T_EQ(t_open_descriptors(), before);
	printf("seed %llu: %ld connections, %ld resets, %llu KiB\n", (unsigned long long)seed, done, resets, moved >> 10);
	if (t_failures)
		fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
	return t_done();
}
