/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The output is still connecting: the end of the input is passed on once the connection is established, since
 * an earlier shutdown(2) would abort it, and the answer comes. A connection that fails is an error. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"
#include "t_connect.h"

struct asks {
	struct t_connecting to;
	int in, answer[2], refused;
	const char *question;
	zs_relay *there, *back;
};

static void begins(struct asks *it, enum t_stream in, const char *question, int refused)
{
	int fds[2];

	t_stream(in, fds);
	MUST(pipe2(it->answer, O_NONBLOCK) == 0);
	t_nonblock(it->in = fds[0], 1);
	t_write(fds[1], question, strlen(question));
	MUST(close(fds[1]) == 0);
	if (in == T_A_TCP)
		t_sleep_ms(1);
	it->question = question;
	it->refused = refused;
	it->to = t_connecting();
	MUST((it->there = zs_relay_new(it->in, it->to.fd, ZS_TO_END, NULL, ZS_RELAY_SHUTDOWN)) != NULL);
	MUST((it->back = zs_relay_new(it->to.fd, it->answer[1], ZS_TO_END, NULL, 0)) != NULL);
	for (int i = 0; i < 3; i++) {
		T_EQ(t_relay_run(it->there, 0), ZS_WANT_WRITE);
		T_EQ(t_relay_run(it->back, 0), ZS_WANT_READ);
	}
	OK(!(t_ready(it->to.fd, POLLOUT) & POLLOUT));
}

static void is_answered(struct asks *it)
{
	int server = t_accept_connection(&it->to);
	char bytes[16];

	T_EQ(t_relay_run(it->there, 0), 0);
	T_EQ(t_read(server, bytes, sizeof bytes), strlen(it->question));
	T_EQ(memcmp(bytes, it->question, strlen(it->question)), 0);
	MUST(write(server, "answer", 6) == 6 && close(server) == 0);
	MUST(poll(&(struct pollfd){ .fd = it->to.fd, .events = POLLRDHUP }, 1, 1000) == 1);
	T_EQ(t_relay_run(it->back, 0), 0);
	if (T_EQ(read(it->answer[0], bytes, sizeof bytes), 6))
		T_EQ(memcmp(bytes, "answer", 6), 0);
}

static void is_refused(struct asks *it)
{
	T_EQ(t_relay_run(it->there, 0), -1);
	T_EQ(errno, ECONNREFUSED);
	T_EQ(t_relay_result(it->there).side, ZS_SIDE_OUT);
	T_EQ(t_relay_result(it->there).in_flight + (uint64_t)t_bytes_available(it->in), strlen(it->question));
}

int main(void)
{
	struct asks all[8];
	int count = 0;

	for (int in = 0; in < T_A_PTY; in++) {
		begins(&all[count++], (enum t_stream)in, "", 0);
		begins(&all[count++], (enum t_stream)in, "question", 0);
	}
	begins(&all[count++], T_A_UNIX, "", 1);
	begins(&all[count++], T_A_UNIX, "question", 1);
	for (int i = 0; i < count; i++)
		if (all[i].refused)
			t_refuse_connection(&all[i].to);
		else
			t_make_room(&all[i].to);
	for (int i = 0; i < count; i++) {
		MUST(poll(&(struct pollfd){ .fd = all[i].to.fd, .events = POLLOUT }, 1, 5000) == 1);
		if (all[i].refused)
			is_refused(&all[i]);
		else
			is_answered(&all[i]);
		zs_relay_free(all[i].there);
		zs_relay_free(all[i].back);
		t_close2(all[i].answer);
		MUST(close(all[i].in) == 0 && close(all[i].to.fd) == 0);
	}
	return t_done();
}
