/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The progress callback gets the result so far after every step. If it returns anything but 0 the copy ends
 * with ECANCELED, and nothing moves any more. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_blocked.h"

static struct t_blocked_all all;

static int at_once(void *context, const struct zs_result *so_far)
{
	OK(context == &all);
	OK(so_far->bytes > 0);
	T_EQ(so_far->error, 0);
	T_EQ(so_far->side, 0);
	return -5;
}

struct log { int calls, to_end; uint64_t bytes; struct zs_result last; };

static int told(void *context, const struct zs_result *so_far)
{
	struct log *log = context;

	OK(so_far->bytes > log->bytes || log->calls == 0);
	log->calls++;
	log->bytes = so_far->bytes;
	log->last = *so_far;
	return log->to_end && so_far->bytes == (uint64_t)log->to_end ? 1 : 0;
}

int main(void)
{
	struct zs_result result;
	struct log log = { 0 };
	int in[2], out[2], file = t_file(100), into = t_file(0);

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_blocked_start(&all, (struct zs_options){ .progress = at_once, .context = &all }, 0);
	t_blocked_join(&all);
	t_blocked_check(&all, ECANCELED, 0, 0, 1000);

	/* The last call has the final result. */
	T_EQ(T_COPY(file, NULL, into, NULL, ZS_TO_END, &result, .progress = told, .context = &log), 100);
	OK(log.calls >= 1 && memcmp(&log.last, &result, sizeof result) == 0);

	/* Nothing moves, so it is not called. */
	log = (struct log){ 0 };
	T_EQ(T_COPY(file, NULL, into, NULL, ZS_TO_END, &result, .progress = told, .context = &log), 0);
	T_EQ(T_COPY(file, &(int64_t){ 0 }, into, NULL, 0, NULL, .progress = told, .context = &log), 0);
	T_EQ(log.calls, 0);

	/* Even in the call after the last byte, nonzero means ECANCELED. */
	MUST(pipe(in) == 0 && pipe(out) == 0 && write(in[1], "four", 4) == 4);
	log.to_end = 4;
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, 4, &result, .progress = told, .context = &log), -1);
	OK(errno == ECANCELED && t_bytes_available(out[0]) == 4 && result.bytes == 4 && result.in_flight == 0);
	T_EQ(result.via, log.last.via);
	T_EQ(result.side, ZS_SIDE_CALL);
	return t_done();
}
