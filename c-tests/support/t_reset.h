/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections that the peer resets right before a chosen system call. Include after t.h and t_intercept.h. */
#ifndef T_RESET_H
#define T_RESET_H

static struct {
	int fd, before;
} t_to_reset;

static inline void t_reset_once(void)
{
	int fd = __atomic_exchange_n(&t_to_reset.fd, -1, __ATOMIC_SEQ_CST);

	if (fd >= 0)
		t_reset(fd);
}

static inline int64_t t_resets(const uint64_t *a, int earlier)
{
	(void)a;
	if (earlier == t_to_reset.before)
		t_reset_once();
	return T_CONTINUE;
}

static inline void *t_reset_at_latest(void *argument)
{
	t_sleep_ms(10);
	t_reset_once();
	return argument;
}

/* Closes `fd` with a reset right before the kernel runs this thread's system call `number`, after `before`
 * earlier ones; after 10 ms in any case. It cannot be undone: run it in a child (t_child). */
static inline void t_reset_before(int fd, long number, int before)
{
	t_to_reset.fd = fd;
	t_to_reset.before = before;
	MUST(pthread_detach(t_thread(t_reset_at_latest, NULL)) == 0);
	t_intercept(number, t_resets);
}

#endif
