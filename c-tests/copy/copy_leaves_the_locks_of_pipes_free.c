/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* While a copy from or to a pipe waits for its other side, a silent input or a full output that blocks, others
 * can use the pipe: their non-blocking reads and writes return at once. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

struct waiting { int in, out; int64_t returned; struct zs_options options; };

static void *copies(void *argument)
{
	struct waiting *it = argument;

	it->returned = zs_copy(it->in, NULL, it->out, NULL, ZS_TO_END, &it->options, NULL);
	return NULL;
}

/* Both ends of the pipe, opened anew so that they do not block, used for a while. */
static void used(const int pipe[2], const char *what, int kind)
{
	int ours[2] = { t_reopen(pipe[0], O_RDONLY | O_NONBLOCK), t_reopen(pipe[1], O_WRONLY | O_NONBLOCK) };
	int64_t longest = 0;
	char bytes[8];

	for (int i = 0; i < 20; i++) {
		int64_t before = t_now_ms(), took;
		ssize_t n = write(ours[1], "theirs", 6);

		OK(n == 6 || (n == -1 && errno == EAGAIN));
		n = read(ours[0], bytes, sizeof bytes);
		OK(n >= 0 || errno == EAGAIN);
		(void)t_bytes_available(ours[0]);
		took = t_now_ms() - before;
		longest = took > longest ? took : longest;
		t_sleep_ms(3);
	}
	if (!OK(longest < 2000))
		fprintf(stderr, "... %s %s: %lld ms\n", what, t_stream_name(kind), (long long)longest);
	t_close2(ours);
}

static void silent_input(enum t_stream kind, struct zs_options options)
{
	int in[2], out[2];
	struct waiting it = { .options = options };
	pthread_t thread;

	t_stream(kind, in);
	MUST(pipe(out) == 0);
	it.in = in[0];
	it.out = out[1];
	thread = t_thread(copies, &it);
	t_sleep_ms(10);
	used(out, "silent", kind);
	MUST(write(in[1], "first", 5) == 5); /* and silent again */
	t_sleep_ms(10);
	used(out, "silent again", kind);
	MUST(close(in[1]) == 0);
	t_join(thread);
	OK(it.returned == 5 || kind == T_A_PTY);
	MUST(close(in[0]) == 0);
	t_close2(out);
}

static void full_output(enum t_stream kind, struct zs_options options, int prefilled)
{
	static char bytes[50000];
	int in[2], out[2];
	struct waiting it = { .options = options };
	pthread_t thread;

	t_stream(kind, out);
	if (prefilled)
		t_fill_stream(kind, out);
	MUST(pipe(in) == 0);
	MUST(prefilled || fcntl(in[1], F_SETPIPE_SZ, 1 << 20) > 0);
	for (int i = 0; i < (prefilled ? 1 : 18); i++)
		MUST(write(in[1], bytes, sizeof bytes) == sizeof bytes);
	it.in = in[0];
	it.out = out[1];
	thread = t_thread(copies, &it);
	t_sleep_ms(prefilled ? 10 : 60);
	used(in, prefilled ? "full" : "fills", kind);
	MUST(close(out[0]) == 0);
	/* A terminal that has ended is EIO. An output that takes nothing any more ends the thread. */
	t_join(thread);
	T_EQ(it.returned, -1);
	t_close2(in);
	MUST(close(out[1]) == 0);
}

static void *story(void *argument)
{
	for (int kind = T_A_UNIX; kind < T_STREAMS; kind++)
		for (int timed = 0; timed < 2; timed++) {
			struct zs_options options = { .timeout_ns = timed ? T_MS(15000) : 0 };

			silent_input((enum t_stream)kind, options);
			full_output((enum t_stream)kind, options, 1);
			full_output((enum t_stream)kind, options, 0);
		}
	return argument;
}

int main(void)
{
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	/* A thread that waits for the lock of a pipe gets no signal, not even the one of the time limit. */
	t_join(t_thread(story, NULL));
	return t_done();
}
