/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For zs_options.rate: notes when bytes come, and finds the second that saw the most. After t.h.
 *
 * A reader that the machine runs late finds a pile, which says nothing about the rate. So a stretch of time begins
 * only where all that had been written was read: what is read after that was written after it. */
#ifndef T_RATE_H
#define T_RATE_H

struct t_meter {
	int fd;         /* what t_meter_read reads */
	int writer;     /* if it is a socket: the other end, which may have bytes that did not get there yet; or -1 */
	uint64_t total;
	int bad;        /* whether bytes were not those of the pattern */
	size_t count;
	struct { int64_t ns; uint64_t bytes; int begins; } notes[1 << 15];
};

static inline int64_t t_now_ns(void)
{
	struct timespec now;

	MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void t_meter_note(struct t_meter *meter, int64_t ns, uint64_t bytes, int begins)
{
	meter->total += bytes;
	MUST(meter->count < sizeof meter->notes / sizeof *meter->notes);
	meter->notes[meter->count].ns = ns;
	meter->notes[meter->count].bytes = bytes;
	meter->notes[meter->count++].begins = begins;
}

/* A progress function. */
static inline int t_meter_progress(void *meter, const struct zs_result *so_far)
{
	t_meter_note(meter, t_now_ns(), so_far->bytes - ((struct t_meter *)meter)->total, 1);
	return 0;
}

/* Whether all that was written until now has been read. */
static inline int t_meter_has_all(const struct t_meter *meter)
{
	int unsent = 0;

	MUST(meter->writer < 0 || ioctl(meter->writer, TIOCOUTQ, &unsent) == 0);
	return unsent == 0 && !t_ready(meter->fd, POLLIN);
}

/* A thread that reads the pattern until its end, as soon as it comes. */
static inline void *t_meter_read(void *argument)
{
	static __thread char bytes[1 << 16];
	struct t_meter *meter = argument;
	int64_t now;
	ssize_t n;

	for (;;) {
		now = t_now_ns();
		if (t_meter_has_all(meter))
			t_meter_note(meter, now, 0, 1);
		n = read(meter->fd, bytes, sizeof bytes);
		if (n <= 0)
			return NULL;
		meter->bad |= !t_is_pattern(bytes, (size_t)n, meter->total);
		t_meter_note(meter, t_now_ns(), (uint64_t)n, 0);
	}
}

/* The most that any stretch of so many milliseconds is known to have seen: of one at least. */
static inline uint64_t t_meter_most(const struct t_meter *meter, int64_t ms)
{
	uint64_t sum = 0, most = 0;
	size_t end = 0, begins = 0;

	for (size_t from = 0; from < meter->count; from++) {
		for (; end < meter->count && meter->notes[end].ns < meter->notes[from].ns + ms * 1000000; end++)
			sum += meter->notes[end].bytes;
		begins += meter->notes[from].begins;
		most = sum > most && meter->notes[from].begins ? sum : most;
		sum -= meter->notes[from].bytes;
	}
	OK(begins > 0);
	return most;
}

#endif
