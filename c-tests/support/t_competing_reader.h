/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A competitor that uses the same pipe: it empties or fills the pipe before poll(2) returns, so that what
 * poll(2) reports is out of date. Include after t.h and t_intercept.h. */
#ifndef T_COMPETING_READER_H
#define T_COMPETING_READER_H

static struct {
	int fd, fills, patience;
	int is_stirred;
} t_competitor;

static inline int64_t t_competitor_answers(const uint64_t *a, int earlier)
{
	int64_t said = syscall(SYS_ppoll, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4]);
	int error = errno;

	(void)earlier;
	if (said <= 0)
		return said < 0 ? -error : 0;
	if (!__atomic_load_n(&t_competitor.is_stirred, __ATOMIC_SEQ_CST) || t_competitor.patience-- > 0)
		return said;
	if (t_competitor.fills)
		(void)t_fill_pipe(t_competitor.fd);
	else
		t_drain(t_competitor.fd, (size_t)t_bytes_available(t_competitor.fd));
	return said;
}

/* After 20 ms writes a byte or reads a page, so that poll(2) has something to report; and again every 2 s, so
 * that a call which wrongly blocks returns in the end. */
static inline void *t_competitor_triggers(void *argument)
{
	int fd = *(int *)argument;

	for (int ms = 20;; ms = 2000) {
		t_sleep_ms(ms);
		__atomic_store_n(&t_competitor.is_stirred, 1, __ATOMIC_SEQ_CST);
		if (t_competitor.fills)
			t_drain(fd, T_PAGE);
		else
			t_write(fd, "x", 1);
	}
	return NULL;
}

/* In 20 ms the pipe becomes writable (with `fills`) or readable. Each time that poll(2) is about to report this
 * to the calling thread, except for the first `patience` times, the competitor fills or empties the pipe first.
 * This cannot be undone: run it in a child (t_child). */
static inline void t_start_competitor(int pipe[2], int fills, int patience)
{
	t_competitor.fd = pipe[fills];
	t_competitor.fills = fills;
	t_competitor.patience = patience;
	MUST(pthread_detach(t_thread(t_competitor_triggers, &pipe[!fills])) == 0);
	t_intercept(SYS_ppoll, t_competitor_answers);
}

#endif
