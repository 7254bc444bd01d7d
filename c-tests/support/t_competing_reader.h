/* Somebody else who uses the same pipe, and is faster: what poll(2) says of it is no longer so when it returns.
 * After t.h and t_intercept.h. */
#ifndef T_COMPETING_READER_H
#define T_COMPETING_READER_H

static struct {
	int fd, fills, patience;
	int is_stirred;
} t_competitor;

static inline int64_t t_competitor_answers(const uint64_t *a, int earlier)
{
	int64_t said = syscall(SYS_ppoll, a[0], a[1], a[2], a[3], a[4]);
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

/* Something for poll(2) to tell of, a byte written or a page read; again, long after, to end what should not have
 * begun. */
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

/* Somebody reads from the pipe (or writes into it) that this thread writes to (or reads from), in 20 ms. When
 * poll(2) has told this thread of that, but for the first `patience` times, the rival fills it (or empties it)
 * again. There is no way back. */
static inline void t_start_competitor(int pipe[2], int fills, int patience)
{
	t_competitor.fd = pipe[fills];
	t_competitor.fills = fills;
	t_competitor.patience = patience;
	MUST(pthread_detach(t_thread(t_competitor_triggers, &pipe[!fills])) == 0);
	t_intercept(SYS_ppoll, t_competitor_answers);
}

#endif
