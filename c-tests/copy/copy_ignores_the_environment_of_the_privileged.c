/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZSPLICE_AVOID is ignored in a program with raised privileges: here a copy of this program that is setuid
 * root, started by the user nobody. (Its loader ignores LD_LIBRARY_PATH, too.) */
/* ways: archive static */
#include <zsplice.h>
#include <sys/auxv.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_mount.h"

static int privileged(int raised)
{
	struct zs_result result;
	int in[2], out[2];

	T_EQ(getauxval(AT_SECURE) != 0, raised);
	MUST(pipe(in) == 0 && pipe(out) == 0 && write(in[1], "four", 4) == 4);
	T_EQ(zs_copy(in[0], NULL, out[1], NULL, 4, NULL, &result), 4);
	T_EQ(result.via, (uint32_t)(raised ? ZS_VIA_SPLICE : ZS_VIA_READ_WRITE));
	return t_done();
}

static void started(const char *program, const char *argument)
{
	int status;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		MUST(setenv("ZSPLICE_AVOID", "splice", 1) == 0);
		MUST(setgid(65534) == 0 && setuid(65534) == 0);
		execl(program, program, argument, (char *)NULL);
		_exit(127);
	}
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
}

int main(int count, char **words)
{
	int here, there;

	if (count == 2)
		return privileged(words[1][0] == 'r');
	if (getuid() != 0)
		t_skip("it takes root to be another user");
	t_own_mounts();
	MUST(chmod(".", 0755) == 0);
	if (!t_mount("home", "tmpfs", "mode=755"))
		t_skip("tmpfs cannot be mounted here");
	MUST((here = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)) >= 0);
	for (int raised = 0; raised < 2; raised++) {
		const char *name = raised ? "raised" : "plain";

		MUST(chdir("home") == 0);
		MUST((there = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755)) >= 0);
		T_EQ(zs_copy(here, &(int64_t){ 0 }, there, NULL, ZS_TO_END, NULL, NULL), t_size(here));
		MUST(fchmod(there, raised ? 04755 : 0755) == 0 && close(there) == 0);
		started(raised ? "./raised" : "./plain", name);
		MUST(chdir("..") == 0);
	}
	return t_done();
}
