/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The test answers a system call in place of the kernel. Include after t.h. */
#ifndef T_INTERCEPT_H
#define T_INTERCEPT_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <semaphore.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* The answer to a system call, given its arguments and how many there were before: a count, -errno, or
 * T_CONTINUE to let the kernel answer. It is called in another thread, which may make the system call
 * itself. */
typedef int64_t t_answer(const uint64_t *args, int earlier);
#define T_CONTINUE INT64_MIN

/* Makes the call that is to be answered, with another length: argument `at`. syscall(2) takes longs, which have 32
 * bits on some processors. */
static inline int64_t t_make_with(long number, const uint64_t *args, int at, uint64_t len)
{
	long a[6];

	for (int i = 0; i < 6; i++)
		a[i] = (long)(i == at ? len : args[i]);
	return syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

struct t_supervisor {
	t_answer *answer;
	int listener;
	sem_t ready;
};

static inline void *t_supervisor_run(void *argument)
{
	struct t_supervisor *supervisor = argument;

	while (sem_wait(&supervisor->ready) != 0)
		;
	for (int earlier = 0;; earlier++) {
		union { struct seccomp_notif is; char room[512]; } call;
		union { struct seccomp_notif_resp is; char room[512]; } reply;
		uint64_t args[6];
		int64_t is;

		memset(&call, 0, sizeof call);
		memset(&reply, 0, sizeof reply);
		if (ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
			return NULL;
		for (int i = 0; i < 6; i++)
			args[i] = call.is.data.args[i];
		is = supervisor->answer(args, earlier);
		reply.is.id = call.is.id;
		reply.is.flags = is == T_CONTINUE ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
		reply.is.error = is != T_CONTINUE && is < 0 ? (int)is : 0;
		reply.is.val = is > 0 ? is : 0;
		MUST(ioctl(supervisor->listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) == 0 || errno == ENOENT);
	}
}

/* From now on `answer` answers the system call `number` of this thread. It cannot be undone and works once in a
 * process: run it in a child (t_child). */
static inline void t_intercept(long number, t_answer *answer)
{
	static struct t_supervisor supervisor;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	supervisor.answer = answer;
	MUST(sem_init(&supervisor.ready, 0, 0) == 0);
	MUST(pthread_detach(t_thread(t_supervisor_run, &supervisor)) == 0);
	supervisor.listener = t_seccomp_listener(&program);
	MUST(sem_post(&supervisor.ready) == 0);
}

#endif
