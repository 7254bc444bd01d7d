/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fails or shortens system calls of one thread. Another thread gets each of its calls by seccomp(2) user
 * notification, and fails it, makes it itself with a shorter length, or lets it continue. Include after t.h and
 * t_random.h. */
#ifndef T_SECCOMP_NOTIFY_H
#define T_SECCOMP_NOTIFY_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/uio.h>

/* A system call; `detail` is the command of fcntl(2), the request of ioctl(2), the whence of lseek(2). */
struct t_call {
	int number, detail;
};

/* What to do: the `when`-th `call`, counted from 1, returns `answer`, which is -errno or 0. A call that moves
 * bytes moves at most `most` of them (0: no limit), or, with `chance`, a random number up to that. Once in
 * `storm` times (0: never) any call returns a random answer. */
struct t_injection {
	struct t_call call;
	int when, answer;
	size_t most;
	uint64_t *chance;
	unsigned int storm;
};

static const int t_injected_answers[] = { -EINTR, -EAGAIN, -EINVAL, -EPERM, -ENOSYS, -EXDEV, -EOPNOTSUPP, -ENOMEM,
				 -EIO, -ENOSPC, 0 };
#define T_ANSWERS (sizeof t_injected_answers / sizeof *t_injected_answers)

struct t_call_count {
	struct t_call call;
	int count;
};

static struct {
	struct t_injection is;
	int active, happened, listener;
	/* Whether an lseek(2) was among the calls that were answered. */
	int no_seek;
	/* Which calls were made, and how often. */
	struct t_call_count tallies[48];
	int kinds;
	sem_t ready, start, end;
	/* For all of this. A tool that looks for races does not know that a call waits for its answer. */
	pthread_mutex_t lock;
	void (*story)(void *);
	void *argument;
} t_injected = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Counts a call. Returns how many of the kind there have been, with this one. */
static inline int t_call_count(struct t_call call)
{
	struct t_call_count *tally = t_injected.tallies, *end = tally + t_injected.kinds;

	while (tally < end && memcmp(&tally->call, &call, sizeof call) != 0)
		tally++;
	if (tally == end) {
		MUST(++t_injected.kinds <= (int)(sizeof t_injected.tallies / sizeof *tally));
		*tally = (struct t_call_count){ call, 0 };
	}
	return ++tally->count;
}

/* Which argument of the call is the length that it moves; -1: it moves nothing. */
static inline int t_length_argument(int number)
{
	switch (number) {
	case SYS_splice: case SYS_copy_file_range:
		return 4;
	case T_SYS_SENDFILE:
		return 3;
	case SYS_read: case SYS_write: case T_SYS_PREAD: case T_SYS_PWRITE: case SYS_preadv2: case SYS_pwritev2:
	case SYS_recvfrom: case SYS_sendto:
		return 2;
	default:
		return -1;
	}
}

/* Answers that are not injected: a 0 that no caller could tell from a success, calls that the C library makes, and
 * the clock, which cannot fail and is a system call only where the kernel has no clock for the vDSO. */
static inline int t_is_exempt(struct t_call call, int answer)
{
	switch (call.number) {
	case SYS_close: case SYS_brk: case SYS_munmap: case SYS_madvise: case SYS_rt_sigprocmask: case SYS_clock_gettime:
#ifdef SYS_clock_gettime64
	case SYS_clock_gettime64:
#endif
		return 1;
	default:
		return answer == 0 && t_length_argument(call.number) < 0;
	}
}

/* Makes the call in place of the other thread, with `most` as its length. Returns its count or -errno. */
static inline int64_t t_call_with_shorter_length(int number, const uint64_t *args, size_t most)
{
	struct iovec piece;
	uint64_t a[6];
	int64_t moved;

	memcpy(a, args, sizeof a);
	if (number == SYS_preadv2 || number == SYS_pwritev2 || number == SYS_preadv || number == SYS_pwritev) {
		piece = *(const struct iovec *)(uintptr_t)args[1];
		piece.iov_len = piece.iov_len < most ? piece.iov_len : most;
		a[1] = (uintptr_t)&piece;
	} else if (a[t_length_argument(number)] > most) {
		a[t_length_argument(number)] = most;
	}
	moved = syscall(number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4], (long)a[5]);
	return moved < 0 ? -errno : moved;
}

/* Decides about a call. Returns 1 if the kernel is to run it; otherwise `*said` is the answer. */
static inline int t_decide_answer(const struct seccomp_data *data, int64_t *said)
{
	const struct t_injection *is = &t_injected.is;
	const uint64_t *args = (const uint64_t *)data->args;
	struct t_call call = { data->nr, 0 };
	int nth, answer;

	if (!__atomic_load_n(&t_injected.active, __ATOMIC_SEQ_CST))
		return 1;
	if (data->nr == T_SYS_FCNTL || data->nr == SYS_ioctl)
		call.detail = (int)args[1];
	if (data->nr == T_SYS_LSEEK)
		call.detail = (int)args[2];
	nth = t_call_count(call);
	answer = is->storm ? t_injected_answers[t_below(is->chance, T_ANSWERS)] : is->answer;
	if (is->storm ? t_one_in(is->chance, is->storm) && !t_is_exempt(call, answer)
		      : nth == is->when && memcmp(&call, &is->call, sizeof call) == 0) {
		t_injected.happened = 1;
		t_injected.no_seek |= call.number == T_SYS_LSEEK;
		*said = answer;
		return 0;
	}
	if (!is->most || t_length_argument(data->nr) < 0)
		return 1;
	*said = t_call_with_shorter_length(data->nr, args, is->chance ? 1 + t_below(is->chance, is->most) : is->most);
	return 0;
}

static inline void *t_injector_run(void *argument)
{
	while (sem_wait(&t_injected.ready) != 0)
		;
	for (;;) {
		union { struct seccomp_notif is; char room[512]; } call;
		union { struct seccomp_notif_resp is; char room[512]; } reply;
		int64_t said = 0;
		int runs;

		memset(&call, 0, sizeof call);
		memset(&reply, 0, sizeof reply);
		MUST(ioctl(t_injected.listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0);
		reply.is.id = call.is.id;
		MUST(pthread_mutex_lock(&t_injected.lock) == 0);
		runs = t_decide_answer(&call.is.data, &said);
		MUST(pthread_mutex_unlock(&t_injected.lock) == 0);
		if (runs)
			reply.is.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		else if (said < 0)
			reply.is.error = (int)said;
		else
			reply.is.val = said;
		MUST(ioctl(t_injected.listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0);
	}
	return argument;
}

/* The thread whose calls are reported. */
static inline void *t_injected_run(void *argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 0, 1), /* semaphores need it */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	t_injected.listener = t_seccomp_listener(&program);
	MUST(sem_post(&t_injected.ready) == 0);
	for (;;) {
		while (sem_wait(&t_injected.start) != 0)
			;
		__atomic_store_n(&t_injected.active, 1, __ATOMIC_SEQ_CST);
		t_injected.story(t_injected.argument);
		__atomic_store_n(&t_injected.active, 0, __ATOMIC_SEQ_CST);
		MUST(sem_post(&t_injected.end) == 0);
	}
	return argument;
}

/* Runs `story`, which must not print, in the other thread with these answers injected. Returns whether any was. */
static inline int t_run_injected(struct t_injection how, void (*story)(void *), void *argument)
{
	static int is_running;
	int happened;

	if (!is_running) {
		MUST(sem_init(&t_injected.ready, 0, 0) == 0 && sem_init(&t_injected.start, 0, 0) == 0
		     && sem_init(&t_injected.end, 0, 0) == 0);
		MUST(pthread_detach(t_thread(t_injector_run, NULL)) == 0);
		MUST(pthread_detach(t_thread(t_injected_run, NULL)) == 0);
		is_running = 1;
	}
	MUST(pthread_mutex_lock(&t_injected.lock) == 0);
	t_injected.is = how;
	t_injected.kinds = t_injected.happened = t_injected.no_seek = 0;
	t_injected.story = story;
	t_injected.argument = argument;
	MUST(pthread_mutex_unlock(&t_injected.lock) == 0);
	MUST(sem_post(&t_injected.start) == 0);
	while (sem_wait(&t_injected.end) != 0)
		;
	MUST(pthread_mutex_lock(&t_injected.lock) == 0);
	happened = t_injected.happened;
	MUST(pthread_mutex_unlock(&t_injected.lock) == 0);
	return happened;
}

#endif
