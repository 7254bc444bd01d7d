/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZSPLICE_AVOID keeps a fan-out from tee(2) and splice(2), in a sandbox that kills for them. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN 1000001

static void fans_out(void *argument)
{
	static struct t_fan fan;
	uint32_t avoid = *(uint32_t *)argument;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_TCP, 0, 0);
	t_deny_via(avoid, T_KILLED);
	T_EQ(zs_fanout(source.fd, NULL, fan.fds, fan.count, ZS_TO_END, NULL, fan.results), LEN);
	T_EQ(fan.results[0].via, ZS_VIA_READ_WRITE);
	T_EQ(fan.results[1].via, ZS_VIA_READ_WRITE);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
}

static void started_with(const char *words, uint32_t avoid)
{
	char number[16];
	int status;
	pid_t child = fork();

	MUST(child >= 0);
	if (child == 0) {
		snprintf(number, sizeof number, "%u", avoid);
		MUST(setenv("ZSPLICE_AVOID", words, 1) == 0);
		execl("/proc/self/exe", "sandboxed", number, (char *)NULL);
		_exit(127);
	}
	MUST(waitpid(child, &status, 0) == child);
	T_EQ(status, 0);
}

int main(int count, char **words)
{
	if (count == 2) {
		T_CHILD(fans_out, (&(uint32_t){ (uint32_t)strtoul(words[1], NULL, 10) }));
		return t_done();
	}
	started_with("tee", ZS_VIA_TEE);
	started_with("splice", ZS_VIA_SPLICE | ZS_VIA_TEE);
	started_with("clone,copy_file_range,sendfile,splice,tee", ZS_VIA_SPLICE | ZS_VIA_TEE);
	return t_done();
}
