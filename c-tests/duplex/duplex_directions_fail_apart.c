/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A direction whose output fails ends by itself: the answer that the server gave before it went away arrives, and its
 * end is passed on. A direction whose input fails does not pass that on as an end. errno is that of the first that
 * failed, and stays so. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"

#define ANSWER "413 Content Too Large\n"
#define LEN (sizeof ANSWER - 1)
/* More than the buffers of a connection hold, and than the server can drain. */
#define BODY ((size_t)1 << 30)

struct server {
	int fd;
	int is_tcp;
};

/* Refuses a request before it has read it. Over TCP it reads on to the end of its buffer and then resets the
 * connection: closed with nothing unread, it would leave the other end to wait for its window. */
static void *answers_early(void *argument)
{
	struct server *it = argument;

	t_drain(it->fd, 1);
	t_sleep_ms(5);
	t_write(it->fd, ANSWER, LEN);
	if (it->is_tcp) {
		char bytes[4096];

		MUST(shutdown(it->fd, SHUT_RDWR) == 0);
		t_sleep_ms(5);
		while (recv(it->fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
			;
		t_reset(it->fd);
	} else {
		MUST(close(it->fd) == 0);
	}
	return NULL;
}

static void *sends_much(void *argument)
{
	static const char zeroes[1 << 16];
	int fd = *(int *)argument;
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < BODY && (n = send(fd, zeroes, sizeof zeroes, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	return NULL;
}

static void early(enum t_stream kind, enum t_poller how, int turned, unsigned int flags)
{
	struct t_duplex it = t_duplex(turned ? kind : T_A_UNIX, turned ? T_A_UNIX : kind, NULL,
				      flags | ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	struct server server = { it.far[!turned], kind == T_A_TCP };
	int client = it.far[turned], status, error;
	struct zs_result results[2];
	long runs = 0, vain = 0;
	char bytes[LEN + 1];
	pthread_t threads[2];

	t_scene("a %s answers, %s, turned %d flags %#x", t_stream_name(kind), t_poller_name(how), turned, flags);
	threads[0] = t_thread(answers_early, &server);
	threads[1] = t_thread(sends_much, &client);
	status = t_duplex_drive(it.duplex, &poller, &runs, &vain);
	error = errno;
	T_EQ(status, -1);
	OK(error == EPIPE || error == ECONNRESET);
	t_duplex_results(it.duplex, results);
	T_EQ(results[turned].error, error);
	T_EQ(results[turned].side, ZS_SIDE_OUT);
	T_EQ(results[!turned].bytes, LEN);
	OK(results[!turned].error == 0 || results[!turned].error == ECONNRESET);
	/* And stays so. */
	for (int i = 0; i < 3; i++) {
		T_EQ(zs_duplex_run(it.duplex, ZS_EVENTS_ALL, i ? 0 : ZS_EVENTS_ALL, 0), -1);
		T_EQ(errno, error);
	}
	if (OK(t_read(client, bytes, LEN) == LEN))
		OK(memcmp(bytes, ANSWER, LEN) == 0);
	/* The end is passed on, a reset is not. */
	T_EQ(recv(client, bytes, 1, MSG_DONTWAIT), results[!turned].error ? -1 : 0);
	/* What the direction did not take is left in its input. */
	MUST(shutdown(it.fd[turned], SHUT_RD) == 0);
	t_join(threads[0]);
	t_join(threads[1]);
	it.far[!turned] = -1;
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* What came before a reset is delivered, and the reset is not passed on as an end. */
static void input_fails(enum t_poller how, int turned)
{
	struct t_duplex it = t_duplex(turned ? T_A_TCP : T_A_UNIX, turned ? T_A_UNIX : T_A_TCP, NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	struct zs_result results[2];
	long runs = 0, vain = 0;
	int from = !turned;
	char bytes[8];

	t_scene("an input is reset, %s, turned %d", t_poller_name(how), turned);
	t_write(it.far[from], "some", 4);
	t_reset(it.far[from]);
	it.far[from] = -1;
	T_EQ(t_duplex_drive(it.duplex, &poller, &runs, &vain), -1);
	T_EQ(errno, ECONNRESET);
	t_duplex_results(it.duplex, results);
	T_EQ(results[from].error, ECONNRESET);
	T_EQ(results[from].side, ZS_SIDE_IN);
	T_EQ(results[from].bytes, 4);
	T_EQ(results[!from].error, ECONNRESET);
	T_EQ(results[!from].side, ZS_SIDE_OUT);
	OK(t_read(it.far[!from], bytes, 4) == 4 && memcmp(bytes, "some", 4) == 0);
	T_EQ(recv(it.far[!from], bytes, 1, MSG_DONTWAIT), -1);
	T_EQ(errno, EAGAIN);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

/* While one direction fails, the other one goes on for as long as it likes. */
static void goes_on(enum t_poller how)
{
	struct t_duplex it = t_duplex(T_A_UNIX, T_A_UNIX, NULL, ZS_NOSIGPIPE);
	struct t_poller_of poller = t_poller(how, it.fd);
	unsigned int events[2] = { ZS_EVENTS_ALL, ZS_EVENTS_ALL };
	struct zs_result results[2];
	int status;

	t_scene("an output is shut down, %s", t_poller_name(how));
	T_EQ(t_duplex_run(it.duplex, ZS_EVENTS_ALL, ZS_EVENTS_ALL, 0), 1);
	MUST(shutdown(it.far[1], SHUT_RD) == 0);
	t_write(it.far[0], "lost", 4);
	/* The peer of a Unix socket that has shut its reading down makes our write fail, and our reading goes on. */
	for (int i = 0; i < 100; i++) {
		t_write(it.far[1], "answer", 6);
		do {
			OK(t_poller_wait(&poller, it.duplex, events, 5000) > 0);
			status = t_duplex_run(it.duplex, events[0], events[1], 0);
			t_duplex_results(it.duplex, results);
		} while (OK(status > 0) && results[1].bytes < 6 * (uint64_t)(i + 1));
	}
	T_EQ(results[0].error, EPIPE);
	T_EQ(results[0].side, ZS_SIDE_OUT);
	T_EQ(results[1].error, 0);
	T_EQ(results[0].bytes, 0);
	MUST(shutdown(it.far[1], SHUT_WR) == 0);
	T_EQ(t_duplex_drive(it.duplex, &poller, &(long){ 0 }, &(long){ 0 }), -1);
	T_EQ(errno, EPIPE);
	t_poller_close(&poller);
	t_duplex_close(&it);
}

int main(void)
{
	for (int how = 0; how < T_POLLERS; how++) {
		for (int i = 0; i < 20; i++)
			for (int kind = T_A_UNIX; kind <= T_A_TCP; kind++)
				if (kind == T_A_UNIX || kind == T_A_TCP)
					early((enum t_stream)kind, (enum t_poller)how, i & 1, i & 2 ? ZS_STABLE : 0);
		input_fails((enum t_poller)how, 0);
		input_fails((enum t_poller)how, 1);
		if (how != T_URING_ONESHOT)
			goes_on((enum t_poller)how);
	}
	return t_done();
}
