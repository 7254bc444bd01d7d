/* Somebody else who uses the same pipe, and is faster: what poll(2) says of it is no longer so when it returns.
 * After t.h and t_kernel.h. */
#ifndef T_RIVALS_H
#define T_RIVALS_H

static struct {
	int fd, fills, patience;
	int is_stirred;
} t_rival;

static inline int64_t t_rival_acts(const uint64_t *a, int earlier)
{
	int64_t said = syscall(SYS_ppoll, a[0], a[1], a[2], a[3], a[4]);
	int error = errno;

	(void)earlier;
	if (said <= 0)
		return said < 0 ? -error : 0;
	if (!__atomic_load_n(&t_rival.is_stirred, __ATOMIC_SEQ_CST) || t_rival.patience-- > 0)
		return said;
	if (t_rival.fills)
		(void)t_fill_pipe(t_rival.fd);
	else
		t_drain(t_rival.fd, (size_t)t_held(t_rival.fd));
	return said;
}

/* Something for poll(2) to tell of, a byte written or a page read; again, long after, to end what should not have
 * begun. */
static inline void *t_rival_stirs(void *argument)
{
	int fd = *(int *)argument;

	for (int ms = 20;; ms = 2000) {
		t_sleep_ms(ms);
		__atomic_store_n(&t_rival.is_stirred, 1, __ATOMIC_SEQ_CST);
		if (t_rival.fills)
			t_drain(fd, T_PAGE);
		else
			t_write(fd, "x", 1);
	}
	return NULL;
}

/* Somebody reads from the pipe (or writes into it) that this thread writes to (or reads from), in 20 ms. When
 * poll(2) has told this thread of that, but for the first `patience` times, the rival fills it (or empties it)
 * again. There is no way back. */
static inline void t_have_a_rival(int pipe[2], int fills, int patience)
{
	t_rival.fd = pipe[fills];
	t_rival.fills = fills;
	t_rival.patience = patience;
	MUST(pthread_detach(t_thread(t_rival_stirs, &pipe[!fills])) == 0);
	t_answers(SYS_ppoll, t_rival_acts);
}

#endif
