/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With a limit, a cancel descriptor or a callback no step is longer than 16 MiB, so that they take effect in
 * the middle of a large file. The copy ends there, and the output holds exactly what the result says. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((size_t)160 << 20)
#define STEP ((size_t)16 << 20)

struct log {
	uint64_t bytes, largest, stop_at;
	int calls, cancel;
	struct zs_result last;
};

static int in, out;

static int told(void *context, const struct zs_result *so_far)
{
	struct log *log = context;

	OK(so_far->bytes > log->bytes);
	T_EQ(so_far->error, 0);
	if (so_far->bytes - log->bytes > log->largest)
		log->largest = so_far->bytes - log->bytes;
	log->bytes = so_far->bytes;
	log->last = *so_far;
	log->calls++;
	if (log->cancel >= 0 && so_far->bytes >= log->stop_at)
		MUST(write(log->cancel, "!", 1) == 1);
	return log->cancel < 0 && log->stop_at && so_far->bytes >= log->stop_at;
}

static void ended_early(struct zs_result result, int error, int64_t off)
{
	T_EQ(result.error, error);
	T_EQ(result.side, ZS_SIDE_CALL);
	T_EQ(result.in_flight, 0);
	OK(result.bytes > 0 && result.bytes < LEN);
	T_EQ(off, (int64_t)result.bytes);
	if (T_EQ(t_size(out), (int64_t)result.bytes))
		T_EQ(t_position(out), (int64_t)result.bytes);
	OK(result.bytes < 4096 || t_has_pattern(out, (int64_t)result.bytes - 4096, 4096,
						 result.bytes - 4096));
	MUST(ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0);
}

static void copied_by(uint32_t avoid)
{
	struct log log = { .cancel = -1 };
	struct zs_result result;
	int cancel[2];
	int64_t off = 0;

	/* To the end. */
	T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .avoid = avoid, .flags = ZS_NO_CLONE,
	     .progress = told, .context = &log), (int64_t)LEN);
	OK(log.calls >= (int)(LEN / STEP) && log.largest <= STEP);
	T_EQ(log.bytes, LEN);
	T_EQ(memcmp(&log.last, &result, sizeof result), 0);
	MUST(ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0);

	/* Told to stop. */
	off = 0;
	log = (struct log){ .stop_at = LEN / 4, .cancel = -1 };
	T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .avoid = avoid, .flags = ZS_NO_CLONE,
	     .progress = told, .context = &log), -1);
	T_EQ(errno, ECANCELED);
	T_EQ(result.bytes, log.bytes);
	OK(result.bytes <= LEN / 4 + STEP);
	ended_early(result, ECANCELED, off);

	/* cancel_fd becomes readable: at most one more step. */
	MUST(pipe(cancel) == 0);
	off = 0;
	log = (struct log){ .stop_at = LEN / 4, .cancel = cancel[1] };
	T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .avoid = avoid, .cancel_fd = cancel[0],
	     .flags = ZS_NO_CLONE | ZS_CANCEL_FD, .progress = told, .context = &log), -1);
	T_EQ(errno, ECANCELED);
	OK(result.bytes <= LEN / 4 + 2 * STEP);
	ended_early(result, ECANCELED, off);
	t_close2(cancel);
}

static void timed(uint32_t avoid)
{
	struct zs_result result;
	int64_t off = 0;

	T_EQ(T_COPY(in, &off, out, NULL, ZS_TO_END, &result, .avoid = avoid, .flags = ZS_NO_CLONE,
	     .timeout_ns = T_MS(3)), -1);
	T_EQ(errno, ETIMEDOUT);
	ended_early(result, ETIMEDOUT, off);
}

int main(void)
{
	/* In memory, so that copying takes the time and not the disk. */
	in = memfd_create("in", 0);
	out = memfd_create("out", 0);
	MUST(in >= 0 && out >= 0);
	t_put_pattern(in, 0, LEN, 0);
	copied_by(0);
	copied_by(ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE);
	copied_by(T_ALL_VIA & ~ZS_VIA_READ_WRITE);
	timed(0);
	timed(ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE);
	timed(T_ALL_VIA & ~ZS_VIA_READ_WRITE);
	return t_done();
}
