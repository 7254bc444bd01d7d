/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For zs_options.rate: notes when bytes come, and finds the second that saw the most. After t.h. */
#ifndef T_RATE_H
#define T_RATE_H

struct t_meter {
	int fd;         /* what t_meter_read reads */
	uint64_t total;
	int bad;        /* whether bytes were not those of the pattern */
	size_t count;
	struct { int64_t ns; uint64_t bytes; } notes[1 << 15];
};

static inline int64_t t_now_ns(void)
{
	struct timespec now;

	MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void t_meter_note(struct t_meter *meter, uint64_t bytes)
{
	meter->total += bytes;
	MUST(meter->count < sizeof meter->notes / sizeof *meter->notes);
	meter->notes[meter->count].ns = t_now_ns();
	meter->notes[meter->count++].bytes = bytes;
}

/* A progress function. */
static inline int t_meter_progress(void *meter, const struct zs_result *so_far)
{
	t_meter_note(meter, so_far->bytes - ((struct t_meter *)meter)->total);
	return 0;
}

/* A thread that reads the pattern until its end, as soon as it comes. */
static inline void *t_meter_read(void *argument)
{
	static __thread char bytes[1 << 16];
	struct t_meter *meter = argument;
	ssize_t n;

	while ((n = read(meter->fd, bytes, sizeof bytes)) > 0) {
		meter->bad |= !t_is_pattern(bytes, (size_t)n, meter->total);
		t_meter_note(meter, (uint64_t)n);
	}
	return NULL;
}

/* The most that any stretch of so many milliseconds saw. */
static inline uint64_t t_meter_most(const struct t_meter *meter, int64_t ms)
{
	uint64_t sum = 0, most = 0;
	size_t end = 0;

	for (size_t from = 0; from < meter->count; from++) {
		for (; end < meter->count && meter->notes[end].ns < meter->notes[from].ns + ms * 1000000; end++)
			sum += meter->notes[end].bytes;
		most = sum > most ? sum : most;
		sum -= meter->notes[from].bytes;
	}
	return most;
}

#endif
