/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Where the quota for pipes is nearly used up, ZS_GROW_PIPE makes a pipe of 512 KiB or 256 KiB, and leaves one as it
 * is that has as much already, or more. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

/* From now on no pipe can be made larger than `most`. */
static void allow(uint32_t most)
{
	const uint32_t lower = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, T_SYS_FCNTL, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]) + lower),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_SETPIPE_SZ, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]) + lower),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, most, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, T_FAILS(EPERM)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	t_filter(code, sizeof code / sizeof *code);
}

struct sizes { int before, most, after; };

static const struct sizes smaller = { 1 << 20, 65536, 1 << 20 };

static void grown(void *argument)
{
	const struct sizes *it = argument;
	struct t_pair *pair = t_pair(T_AT_FILE, T_AT_PIPE);

	t_scene("a pipe of %d bytes, %d allowed", it->before, it->most);
	if (fcntl(pair->out, F_SETPIPE_SZ, it->before) < 0)
		it = &smaller; /* an ordinary user */
	MUST(fcntl(pair->out, F_SETPIPE_SZ, it->before) == it->before);
	allow((uint32_t)it->most);
	T_EQ(T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, NULL, .flags = ZS_GROW_PIPE), T_PAIR_LEN);
	T_EQ(fcntl(pair->out, F_GETPIPE_SZ), it->after);
	OK(t_pair_whole(pair));
}

int main(void)
{
	static struct sizes sizes[] = {
		{ 65536, 1 << 20, 1 << 20 },
		{ 65536, (1 << 20) - 1, 512 << 10 },
		{ 65536, (512 << 10) - 1, 256 << 10 },
		{ 65536, (256 << 10) - 1, 65536 },
		{ 4096, 512 << 10, 512 << 10 },
		{ 1 << 20, 65536, 1 << 20 },
		{ 2 << 20, 4 << 20, 2 << 20 },
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		T_CHILD(grown, &sizes[i]);
	return t_done();
}
