/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* While `rate` lets nothing move, what ends a transfer is noticed all the same: its limits of time, a cancel, a
 * signal, the end of the input, an input or output that dies. A pause between two steps is no silence for idle_ns. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_engines.h"

#define SOON_MS 600 /* less than the second between two bytes */

static enum t_engine engine;
static int by_tcp, in[2], out[2];
static struct zs_result result;

/* Ten bytes, of which the first moves at once, and the next one after a second. */
static void begin(const char *what, const char *bytes)
{
	t_scene("%s from a %s: %s", t_engine_name(engine), by_tcp ? "connection" : "pipe", what);
	MUST(pipe(out) == 0);
	if (by_tcp)
		t_tcp_pair(&in[0], 0, 0);
	else
		MUST(pipe(in) == 0);
	t_write(in[1], bytes, strlen(bytes));
}

/* Each byte has been delivered, is counted, or is still in the input. */
static void end(size_t len, int error, int64_t took, int64_t least, int64_t most)
{
	char rest[64];

	T_EQ(result.error, error);
	OK(took >= least - 1);
	if (!OK(took < most * t_slower()))
		fprintf(stderr, "... %lld ms\n", (long long)took);
	if (in[1] >= 0)
		MUST(by_tcp ? shutdown(in[1], SHUT_WR) == 0 : close(in[1]) == 0);
	T_EQ(t_read(in[0], rest, sizeof rest) + result.in_flight + result.bytes, len);
	MUST(close(in[0]) == 0 && (!by_tcp || in[1] < 0 || close(in[1]) == 0));
	if (out[0] >= 0)
		MUST(close(out[0]) == 0);
	MUST(close(out[1]) == 0);
}

static int64_t run(struct zs_options options)
{
	int64_t began = t_now_ms(), cpu = t_cpu_ms();
	int64_t rc = t_engine(engine, in[0], NULL, out[1], ZS_TO_END, &options, &result), error = errno;

	T_EQ(rc < 0 ? error : 0, result.error);
	OK(t_cpu_ms() - cpu < 100);
	return t_now_ms() - began;
}

static void limits(void)
{
	struct t_later later = { .ms = 100, .write = "!" };
	int64_t took;
	int cancel[2];
	pthread_t thread;

	begin("a timeout", "0123456789");
	took = run((struct zs_options){ .rate = 1, .timeout_ns = T_MS(200) });
	T_EQ(result.bytes, 1);
	end(10, ETIMEDOUT, took, 200, SOON_MS);

	begin("a cancel", "0123456789");
	MUST(pipe(cancel) == 0);
	later.fd = cancel[1];
	thread = t_later(&later);
	took = run((struct zs_options){ .rate = 1, .flags = ZS_CANCEL_FD, .cancel_fd = cancel[0] });
	t_join(thread);
	T_EQ(result.bytes, 1);
	end(10, ECANCELED, took, 100, SOON_MS);
	t_close2(cancel);

	begin("a signal", "0123456789");
	/* Again and again: one that arrives between two waits is missed. */
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 100000 }, { 0, 100000 } }, NULL) == 0);
	took = run((struct zs_options){ .rate = 1, .flags = ZS_INTERRUPT });
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL) == 0);
	T_EQ(result.bytes, 1);
	end(10, EINTR, took, 100, SOON_MS);

	begin("a signal that is to be ignored", "01234");
	MUST(close(by_tcp ? dup(in[1]) : in[1]) == 0 && (!by_tcp || shutdown(in[1], SHUT_WR) == 0));
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 20000 }, { 0, 20000 } }, NULL) == 0);
	took = run((struct zs_options){ .rate = 10 });
	MUST(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL) == 0);
	T_EQ(result.bytes, 5);
	if (!by_tcp)
		in[1] = -1;
	end(5, 0, took, 400, 10000);
}

static void silence(void)
{
	int64_t took;

	begin("pauses are no silence", "0123");
	MUST(by_tcp ? shutdown(in[1], SHUT_WR) == 0 : close(in[1]) == 0);
	took = run((struct zs_options){ .rate = 10, .idle_ns = T_MS(50) });
	T_EQ(result.bytes, 4);
	if (!by_tcp)
		in[1] = -1;
	end(4, 0, took, 300, 10000);

	begin("silence", "0");
	took = run((struct zs_options){ .rate = 20, .idle_ns = T_MS(100) });
	T_EQ(result.bytes, 1);
	end(1, ETIMEDOUT, took, 100, SOON_MS);
}

static void ends(void)
{
	struct t_later later = { .ms = 100, .close = 1 };
	int64_t took;
	pthread_t thread;

	begin("an end that is there", "0");
	MUST(close(in[1]) == 0);
	in[1] = -1;
	took = run((struct zs_options){ .rate = 1 });
	T_EQ(result.bytes, 1);
	end(1, 0, took, 0, SOON_MS);

	begin("an end that comes", "0");
	later.fd = in[1];
	thread = t_later(&later);
	took = run((struct zs_options){ .rate = 1 });
	t_join(thread);
	in[1] = -1;
	T_EQ(result.bytes, 1);
	end(1, 0, took, 100, SOON_MS);

	if (by_tcp) {
		begin("an input that has died", "0");
		t_reset(in[1]);
		in[1] = -1;
		took = run((struct zs_options){ .rate = 1 });
		T_EQ(result.bytes, 1);
		T_EQ(result.side, ZS_SIDE_IN);
		end(1, ECONNRESET, took, 0, SOON_MS);
	}

	begin("an output that dies", "0123456789");
	later.fd = out[0];
	thread = t_later(&later);
	took = run((struct zs_options){ .rate = 1 });
	t_join(thread);
	out[0] = -1;
	T_EQ(result.bytes, 1);
	T_EQ(result.side, ZS_SIDE_OUT);
	end(10, EPIPE, took, 100, SOON_MS);
}

int main(void)
{
	static const enum t_engine engines[] = { T_BY_COPY, T_BY_FANOUT, T_BY_BRIDGE };
	struct sigaction action = { .sa_handler = t_count_signal };

	MUST(sigaction(SIGALRM, &action, NULL) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (size_t i = 0; i < 3; i++)
		/* A fan-out reads a pipe in whole packets: more than a byte. */
		for (by_tcp = engines[i] == T_BY_FANOUT; by_tcp < 2; by_tcp++) {
			engine = engines[i];
			limits();
			silence();
			ends();
		}
	return t_done();
}
