/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a peer can make a duplex do is bounded by what the peer does itself: system calls for each byte that it sends
 * or takes, for each urgent byte and for each connection that it resets, and memory and descriptors for each
 * connection. Counted, not timed, with level- and edge-triggered epoll. */
/* ways: archive */
/* wraps: syscall fcntl ioctl lseek fstat fstatfs tcgetattr malloc calloc free */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"
#include "t_wrapped.h"

#define BYTES 2000
#define CONNECTIONS 200
/* What the beginning and the end of a connection may cost. */
#define ENDS 40

static enum t_poller kind;

/* One connection through a duplex, and how it is waited for. */
struct proxied {
	struct t_duplex it;
	struct t_poller_of poller;
	int status;
};

static void run(struct proxied *one, unsigned int of_a, unsigned int of_b)
{
	one->status = T_LIB(zs_duplex_run(one->it.duplex, of_a, of_b, 0));
}

/* Runs it until nothing is reported any more. */
static void settle(struct proxied *one)
{
	unsigned int events[2];

	for (int turns = 0; one->status > 0 && OK(turns < 10000); turns++) {
		if (one->status == ZS_WANT_RUN)
			run(one, 0, 0);
		else if (t_poller_wait(&one->poller, one->it.duplex, events, 0) > 0)
			run(one, events[0], events[1]);
		else
			break;
	}
}

static struct proxied begin(enum t_stream a, enum t_stream b, zs_pool *pool)
{
	struct proxied one = { .status = 1 };

	t_duplex_pair(a, &one.it.fd[0], &one.it.far[0]);
	t_duplex_pair(b, &one.it.fd[1], &one.it.far[1]);
	for (int i = 0; i < 2; i++)
		t_nonblock(one.it.far[i], 1);
	MUST((one.it.duplex = T_LIB(zs_duplex_new(one.it.fd[0], one.it.fd[1], pool, ZS_NOSIGPIPE))) != NULL);
	one.poller = t_poller(kind, one.it.fd);
	run(&one, ZS_EVENTS_ALL, ZS_EVENTS_ALL);
	settle(&one);
	return one;
}

static void end(struct proxied *one)
{
	T_LIB((zs_duplex_free(one->it.duplex), 0));
	t_poller_close(&one->poller);
	for (int i = 0; i < 2; i++) {
		(void)close(one->it.fd[i]);
		if (one->it.far[i] >= 0)
			(void)close(one->it.far[i]);
	}
}

/* The library has made so many system calls at most, and that was for so many acts. */
static void judge(long acts, long each)
{
	if (!OK(t_lib.calls <= acts * each + ENDS))
		fprintf(stderr, "... %ld system calls for %ld acts\n", t_lib.calls, acts);
	OK(t_lib.most_bytes <= 512 + 2 * 21000);
	OK(t_lib.most_descriptors <= 4);
}

static void nothing_is_left(void)
{
	T_EQ(t_lib.blocks, 0);
	T_EQ(t_lib.descriptors, 0);
}

static size_t take_all(int fd)
{
	char bytes[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		all += (size_t)n;
	return all;
}

/* A byte, and each time a pause until it has arrived. */
static void one_byte_at_a_time(enum t_stream a, enum t_stream b, int each)
{
	struct proxied one;
	size_t got = 0;

	t_scene("one byte at a time from a %s to a %s", t_stream_name(a), t_stream_name(b));
	t_lib_begin(NULL);
	one = begin(a, b, NULL);
	for (int i = 0; i < BYTES; i++) {
		MUST(write(one.it.far[0], "x", 1) == 1);
		MUST(poll(&(struct pollfd){ .fd = one.it.fd[0], .events = POLLIN }, 1, 1000) == 1);
		settle(&one);
		got += take_all(one.it.far[1]);
	}
	T_EQ(got, BYTES);
	judge(BYTES, each);
	end(&one);
	nothing_is_left();
}

/* A reader with the smallest window, that takes one byte and waits. */
static void small_window(void)
{
	struct proxied one;
	int least = 1;
	char byte;
	long acts = 0;

	t_scene("a window of a few bytes");
	t_lib_begin(NULL);
	one = begin(T_A_TCP, T_A_TCP, NULL);
	MUST(setsockopt(one.it.far[1], SOL_SOCKET, SO_RCVBUF, &least, sizeof least) == 0);
	MUST(setsockopt(one.it.fd[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least) == 0);
	for (int i = 0; i < BYTES; i++) {
		acts += write(one.it.far[0], "many bytes at once", 18) > 0;
		acts += read(one.it.far[1], &byte, 1) > 0;
		settle(&one);
	}
	OK(acts > BYTES);
	judge(acts, 2);
	end(&one);
	nothing_is_left();
}

/* Urgent bytes between others. */
static void urgent(int each)
{
	struct proxied one;

	t_scene("urgent bytes");
	t_lib_begin(NULL);
	one = begin(T_A_TCP, T_A_TCP, NULL);
	for (int i = 0; i < BYTES; i++) {
		MUST(send(one.it.far[0], "!", 1, MSG_OOB) == 1 && write(one.it.far[0], "x", 1) == 1);
		MUST(poll(&(struct pollfd){ .fd = one.it.fd[0], .events = POLLIN }, 1, 1000) == 1);
		settle(&one);
		(void)take_all(one.it.far[1]);
	}
	judge(BYTES, each);
	end(&one);
	nothing_is_left();
}

/* Connections that are reset: with a byte before, and with bytes that the other side has sent meanwhile. */
static void resets(enum t_stream b, long each)
{
	t_scene("resets, to a %s", t_stream_name(b));
	t_lib_begin(NULL);
	for (int i = 0; i < CONNECTIONS; i++) {
		struct proxied one = begin(T_A_TCP, b, NULL);

		MUST(write(one.it.far[0], "x", 1) == 1);
		MUST(i % 2 || write(one.it.far[1], "answer", 6) == 6);
		settle(&one);
		t_reset(one.it.far[0]);
		one.it.far[0] = -1;
		for (int turns = 0; one.status > 0 && OK(turns < 100); turns++)
			settle(&one);
		T_EQ(one.status, -1);
		end(&one);
	}
	judge(CONNECTIONS, each);
	nothing_is_left();
}

/* Each sends as much as it can to an output that nobody reads. */
static void push_all(struct proxied *all)
{
	static const char bytes[65536];

	for (int i = 0; i < 12 * CONNECTIONS; i++) {
		(void)!write(all[i % CONNECTIONS].it.far[0], bytes, sizeof bytes);
		settle(&all[i % CONNECTIONS]);
	}
}

/* Many connections at once, idle; then all of them have bulk data for outputs that take none. */
static void storm(void)
{
	static struct proxied all[CONNECTIONS];
	zs_pool *pool;

	t_scene("a storm of connections");
	t_lib_begin(NULL);
	MUST((pool = T_LIB(zs_pool_new(4, 65536))) != NULL);
	T_LIB((zs_pool_limit(pool, 4), 0));
	for (int i = 0; i < CONNECTIONS; i++)
		all[i] = begin(T_A_UNIX, T_A_UNIX, pool);
	OK(t_lib.bytes <= CONNECTIONS * 512 + 32768);
	T_EQ(t_lib.descriptors, 0);
	OK(t_lib.calls <= CONNECTIONS * 20);
	push_all(all);
	OK(t_lib.most_bytes <= CONNECTIONS * 21000 + 32768);
	OK(t_lib.most_descriptors <= 2 * 4);
	OK(t_lib.calls <= 12 * CONNECTIONS * 4);
	for (int i = 0; i < CONNECTIONS; i++)
		end(&all[i]);
	T_LIB((zs_pool_free(pool), 0));
	nothing_is_left();
}

int main(void)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < 2000 ? limit.rlim_max : 2000;
	MUST(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (kind = T_LEVEL; kind <= T_EDGE; kind++) {
		one_byte_at_a_time(T_A_TCP, T_A_TCP, 2);
		one_byte_at_a_time(T_A_UNIX, T_A_TCP, 3);
		small_window();
		urgent(3);
		resets(T_A_TCP, 20);
		resets(T_A_UNIX, 20);
		storm();
	}
	return t_done();
}
