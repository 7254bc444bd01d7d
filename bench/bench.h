/* Shared by all sections: interleaved measuring, medians, and the lines that bench/run reads.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS_LEAST = 3, ROUNDS_MIN = 15, ROUNDS_MAX = 40000 };

/* One method to do a job. */
struct way {
	const char *name;
	void (*run)(unsigned int times);
	const char *const *command; /* for a `run` that starts a program */
	double median;              /* of nanoseconds for one time */
	double *took;               /* round by round */
};

/* A job to do once, with its set-up and clean-up, which are not timed. */
struct job {
	unsigned int times;
	double bytes; /* for figures in GiB/s; 0: in ns */
	const char *unit; /* the unit of figures that are not clock times */
	int is_rate;  /* for figures in thousands a second */
	void (*before)(void);
	void (*after)(void);
	size_t rounds;   /* as many at least, if there is time; 0: ROUNDS_MIN */
	clockid_t clock; /* 0: wall time; CLOCK_THREAD_CPUTIME_ID: CPU time of this thread */
};

/* For calls that must not fail: no figure at all is better than a wrong one. */
#define MUST(condition) ((condition) ? (void)0 : bench_stop(#condition, __FILE__, __LINE__))

static inline void bench_stop(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s (%s)\n", file, line, what, strerror(errno));
	exit(EXIT_FAILURE);
}

static inline double bench_time(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock ? clock : CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static inline double bench_now(void)
{
	return bench_time(CLOCK_MONOTONIC);
}

static inline int bench_ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The quantile `share` of the values. */
static inline double bench_quantile(const double *values, size_t count, double share)
{
	double *sorted = malloc(count * sizeof *sorted), value;

	MUST(sorted != NULL);
	memcpy(sorted, values, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, bench_ascending);
	value = sorted[(size_t)((double)(count - 1) * share + 0.5)];
	free(sorted);
	return value;
}

/* The number of rounds of the last interleave(). */
static size_t bench_rounds;

/* The method that is running. */
static const struct way *bench_way;

/* How long to measure a job: BENCH_SECONDS, or `seconds`. */
static inline double bench_budget(double seconds)
{
	const char *given = getenv("BENCH_SECONDS");

	return (given ? strtod(given, NULL) : seconds) * 1e9;
}

/* Whether there is time for a round: always for ROUNDS_LEAST, and for as many as are wanted at least, unless they
 * take several times as long as they may. */
static inline int goes_on(size_t round, size_t wanted, double end, double budget)
{
	double now = bench_now();

	return now < end || round < ROUNDS_LEAST || (round < wanted && now < end + 3 * budget);
}

/* Runs all methods in turn, again and again, so that other load on the machine affects all of them
 * equally. Every round begins with another method, and every other round runs in reverse order. */
static inline void interleave(struct way *ways, size_t count, struct job job, double seconds)
{
	double budget = bench_budget(seconds), end = bench_now() + budget;
	size_t round, least = job.rounds ? job.rounds : ROUNDS_MIN;

	for (size_t i = 0; i < count; i++) {
		ways[i].took = realloc(ways[i].took, ROUNDS_MAX * sizeof *ways[i].took);
		MUST(ways[i].took != NULL);
	}
	for (round = 0; round < ROUNDS_MAX && goes_on(round, least, end, budget); round++) {
		for (size_t i = 0; i < count; i++) {
			size_t turn = (round / 2 + i) % count;
			struct way *way = &ways[round % 2 ? count - 1 - turn : turn];
			double start;

			bench_way = way;
			if (job.before)
				job.before();
			start = bench_time(job.clock);
			way->run(job.times);
			way->took[round] = (bench_time(job.clock) - start) / job.times;
			if (job.after)
				job.after();
		}
	}
	bench_rounds = round;
	for (size_t i = 0; i < count; i++)
		ways[i].median = bench_quantile(ways[i].took, round, 0.5);
}

static inline const struct way *best(const struct way *ways, size_t count)
{
	const struct way *fastest = ways;

	for (size_t i = 1; i < count; i++)
		if (ways[i].median < fastest->median)
			fastest = &ways[i];
	return fastest;
}

/* The uncertainty of the median of `values` (as the notch of a box plot). */
static inline double bench_doubt(const double *values)
{
	double width = bench_quantile(values, bench_rounds, 0.75) - bench_quantile(values, bench_rounds, 0.25);

	return 1.57 * width / sqrt((double)bench_rounds);
}

static inline int bench_digits(double figure)
{
	return figure < 1 ? 3 : figure < 100 ? 2 : 1;
}

/* Prints a row: ours against a peer's, and the goal of the ratio: "<= 1.03", ">= 0.98",
 * "<= +15" for a difference in ns, "-" for nothing. */
static inline void compare(const char *what, const struct way *ours, const struct way *peer,
			   struct job job, const char *goal)
{
	static double each[ROUNDS_MAX];
	const char *unit = job.unit ? job.unit : job.is_rate ? "k/s" : job.bytes > 0 ? "GiB/s" : "ns";
	double per_second = job.is_rate ? 1e-3 : job.bytes / (1 << 30);
	double one = ours->median, other = peer->median, ratio = one / other;
	int more = strchr(goal, '+') != NULL;

	for (size_t i = 0; i < bench_rounds; i++)
		each[i] = more ? ours->took[i] - peer->took[i] : ours->took[i] / peer->took[i];
	if (more)
		ratio = one - other;
	if (per_second > 0) {
		one = per_second / one * 1e9;
		other = per_second / other * 1e9;
		ratio = one / other;
	}
	printf("compare\t%s\t%s\t%s\t%.*f\t%s\t%.*f\t%s%.3f\t%.3f\t%s\n", what, unit, ours->name,
	       bench_digits(one), one, peer->name, bench_digits(other), other, more && ratio >= 0 ? "+" : "",
	       ratio, bench_doubt(each), goal);
	fflush(stdout);
}

static inline void heading(const char *text)
{
	printf("heading\t%s\n", text);
}

/* Prints a figure that is compared with its goal only. */
static inline void amount(const char *what, double amount, const char *unit, const char *goal)
{
	printf("amount\t%s\t%.*f\t%s\t%s\n", what, amount == floor(amount) ? 0 : bench_digits(amount), amount, unit, goal);
}

/* Prints a figure of a table of plain figures. */
static inline void figure(const char *table, const char *row, const char *column, double figure)
{
	printf("figure\t%s\t%s\t%s\t%.*f\n", table, row, column, figure < 1000 ? bench_digits(figure) : 0, figure);
}

/* Prints a point of a plot. */
static inline void point(const char *plot, const char *line, double x, double y)
{
	printf("point\t%s\t%s\t%.10g\t%.6g\n", plot, line, x, y);
	fflush(stdout);
}

/* Prints what could not be measured here. */
static inline void missing(const char *what, const char *why)
{
	printf("missing\t%s\t%s\n", what, why);
}

#endif
