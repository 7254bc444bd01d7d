/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ZSPLICE_AVOID in the environment adds to what every transfer avoids, so that a program which cannot be
 * changed works in a sandbox that kills it for a forbidden call. Unknown words are ignored. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define ALL (ZS_VIA_CLONE | ZS_VIA_COPY_RANGE | ZS_VIA_SENDFILE | ZS_VIA_SPLICE | ZS_VIA_TEE)

struct pair_of { enum t_place from, to; uint32_t avoid; };

static void copies(void *argument)
{
	struct pair_of *of = argument;
	struct t_pair *pair = t_pair(of->from, of->to);
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;

	t_deny_via(of->avoid, T_KILLED);
	T_EQ(zs_copy(pair->in, of->from == T_AT_FILE ? &off_in : NULL, pair->out, of->to == T_AT_FILE ? &off_out
	     : NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
	T_EQ(result.via & of->avoid, 0);
	OK(of->avoid != ALL || result.via == ZS_VIA_READ_WRITE);
	OK(t_pair_whole(pair));
}

/* What this program does when it is started with the variable set. */
static int sandboxed(uint32_t avoid)
{
	for (int from = 0; from < T_PLACES; from++)
		for (int to = 0; to < T_PLACES; to++)
			T_CHILD(copies, (&(struct pair_of){ (enum t_place)from, (enum t_place)to, avoid }));
	return t_done();
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
	if (!T_EQ(status, 0))
		fprintf(stderr, "... %s\n", words);
}

int main(int count, char **words)
{
	if (count == 2)
		return sandboxed((uint32_t)strtoul(words[1], NULL, 10));
	started_with("clone,copy_file_range,sendfile,splice,tee", ALL);
	started_with("tee,splice,nonsense,,sendfile,copy_file_range,clone,cat", ALL);
	started_with("splice", ZS_VIA_SPLICE);
	started_with("sendfile,splices", ZS_VIA_SENDFILE);
	started_with("copy_file_range", ZS_VIA_COPY_RANGE);
	started_with("clone", ZS_VIA_CLONE);

	/* Words that name nothing avoid nothing. */
	MUST(setenv("ZSPLICE_AVOID", "read/write,nonsense,SPLICE,sendfil", 1) == 0);
	{
		struct zs_result result;
		int in = t_file(T_PAIR_LEN), out[2];

		MUST(pipe(out) == 0 && fcntl(out[1], F_SETPIPE_SZ, 1 << 20) > 0);
		T_EQ(zs_copy(in, NULL, out[1], NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
		OK(result.via != 0 && (result.via & ZS_VIA_READ_WRITE) == 0);
	}
	return t_done();
}
