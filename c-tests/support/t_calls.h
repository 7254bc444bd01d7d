/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lists the system calls that a function makes. Include after t.h. */
#ifndef T_CALLS_H
#define T_CALLS_H

#include <sys/ptrace.h>

/* Runs `story` in a child and stores the numbers of the system calls that it makes in `calls`, in order,
 * `room` at most. Returns how many there were. A check that fails in the child counts as a failed check of
 * the test. */
static inline int t_system_calls(void (*story)(void *), void *argument, long *calls, int room)
{
	struct __ptrace_syscall_info info;
	int status, inside = 0, made = 0;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		t_failures = 0;
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(77);
		raise(SIGSTOP);
		syscall(SYS_getpgid, -77);
		story(argument);
		syscall(SYS_getpgid, -77);
		_exit(t_done());
	}
	MUST(waitpid(child, &status, 0) == child);
	if (!WIFSTOPPED(status))
		t_skip("ptrace(2) is not allowed here");
	MUST(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
	for (int signal = 0; !WIFEXITED(status);) {
		MUST(ptrace(PTRACE_SYSCALL, child, NULL, (void *)(intptr_t)signal) == 0);
		MUST(waitpid(child, &status, 0) == child && !WIFSIGNALED(status));
		signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
		if (signal != (SIGTRAP | 0x80))
			continue;
		signal = 0;
		MUST(ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof info, &info) > 0);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (info.entry.nr == SYS_getpgid && (int)info.entry.args[0] == -77)
			inside = !inside;
		else if (inside && made++ < room)
			calls[made - 1] = (long)info.entry.nr;
	}
	T_EQ(WEXITSTATUS(status), 0);
	return made;
}

#endif
