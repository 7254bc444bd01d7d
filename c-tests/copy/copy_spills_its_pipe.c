/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If the output refuses splice(2) when bytes are in a pipe in between, they are read and written: also after a signal,
 * also in pieces where a connection refuses large ones (SCTP), also if a call moves nothing, or says EAGAIN for ever
 * although poll(2) calls the output writable. Without memory, or if the pipe cannot be read, the copy fails and
 * accounts for them. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_memory.h"
#include "t_result.h"
#include "t_copy.h"

static int out;

/* From now on the system call `number` fails with `error` if its argument `which` is `from` or more, and `to` or less. */
static void refuse(long number, int which, uint32_t from, uint32_t to, int error)
{
	const uint32_t lower = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), /* seccomp_data.nr */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) + 8 * (uint32_t)which + lower),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, from, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, to, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, T_FAILS(error)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	t_filter(code, sizeof code / sizeof *code);
}

/* splice(2) out of a pipe to the output. */
static void refuse_splice_out(int error)
{
	refuse(SYS_splice, 2, (uint32_t)out, (uint32_t)out, error);
}

static void without_memory(void *from)
{
	struct t_pair *pair = t_pair(*(enum t_place *)from, T_AT_UNIX);
	struct zs_result result = t_unwritten();
	uint64_t left;

	out = pair->out;
	t_refuse(T_SYS_SENDFILE, EPERM);
	refuse_splice_out(EPERM);
	t_limit_memory(0);
	for (void *volatile some = from; some;)
		some = malloc(1024);
	T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, ENOMEM);
	T_EQ(result.side, ZS_SIDE_CALL);
	T_EQ(result.bytes, 0);
	if (pair->far_in < 0) {
		T_EQ(result.in_flight, 0);
		T_EQ(t_position(pair->in), 0);
		return;
	}
	left = T_PAIR_LEN - result.in_flight;
	OK(result.in_flight > 0 && t_gives_pattern(pair->in, left, result.in_flight));
}

static int reads;

static int64_t is_interrupted(const uint64_t *args, int earlier)
{
	(void)args;
	(void)earlier;
	return reads++ == 0 ? -EINTR : T_CONTINUE;
}

static int64_t fails(const uint64_t *args, int earlier)
{
	(void)args;
	(void)earlier;
	return reads++ == 0 ? -EIO : T_CONTINUE;
}

static void after_a_signal(void *unused)
{
	struct t_pair *pair = t_pair(T_AT_FILE, T_AT_UNIX);

	(void)unused;
	out = pair->out;
	t_refuse(T_SYS_SENDFILE, EPERM);
	refuse_splice_out(EPERM);
	t_intercept(SYS_read, is_interrupted);
	T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, NULL, NULL), T_PAIR_LEN);
	OK(reads > 1);
	OK(t_pair_whole(pair));
}

static void cannot_be_read(void *unused)
{
	struct t_pair *pair = t_pair(T_AT_FILE, T_AT_UNIX);
	struct zs_result result = t_unwritten();

	(void)unused;
	out = pair->out;
	t_refuse(T_SYS_SENDFILE, EPERM);
	refuse_splice_out(EPERM);
	t_intercept(SYS_read, fails);
	T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, NULL, &result), -1);
	T_EQ(errno, EIO);
	T_EQ(result.side, ZS_SIDE_CALL);
	OK(result.bytes == 0 && result.in_flight == 0 && t_position(pair->in) == 0);
}

static int64_t what_splice_says;

static int64_t moves_nothing_out(const uint64_t *args, int earlier)
{
	(void)earlier;
	return (int)args[2] == out ? what_splice_says : T_CONTINUE;
}

/* 0, or -EAGAIN. */
static void by_nothing(void *says)
{
	struct t_pair *pair = t_pair(T_AT_FILE, T_AT_UNIX);
	struct zs_result result = t_unwritten();

	what_splice_says = *(int *)says;
	out = pair->out;
	t_refuse(T_SYS_SENDFILE, EPERM);
	t_intercept(SYS_splice, moves_nothing_out);
	T_EQ(zs_copy(pair->in, NULL, out, NULL, ZS_TO_END, NULL, &result), T_PAIR_LEN);
	T_EQ(result.via, ZS_VIA_READ_WRITE);
	T_EQ(result.refused, ZS_VIA_SENDFILE | ZS_VIA_SPLICE);
	OK(t_pair_whole(pair));
}

/* The output says that it is of SCTP, and takes 4,000 bytes at a time. */
static int64_t is_sctp(const uint64_t *args, int earlier)
{
	(void)earlier;
	if ((int)args[0] != out || args[1] != SOL_SOCKET || args[2] != SO_PROTOCOL)
		return T_CONTINUE;
	*(int *)(uintptr_t)args[3] = IPPROTO_SCTP;
	return 0;
}

static void in_pieces(void *avoid)
{
	struct t_pair *pair = t_pair(T_AT_FILE, T_AT_TCP);
	struct zs_result result = t_unwritten();

	out = pair->out;
	t_intercept(SYS_getsockopt, is_sctp);
	t_refuse(T_SYS_SENDFILE, EMSGSIZE);
	refuse_splice_out(EMSGSIZE);
	refuse(SYS_sendto, 2, 4001, UINT32_MAX, EMSGSIZE);
	T_EQ(T_COPY(pair->in, NULL, out, NULL, ZS_TO_END, &result, .avoid = *(uint32_t *)avoid), T_PAIR_LEN);
	T_EQ(result.via, ZS_VIA_READ_WRITE);
	OK(t_pair_whole(pair));
}

int main(void)
{
	if (!t_shares_memory()) {
		T_CHILD(without_memory, &(enum t_place){ T_AT_FILE });
		T_CHILD(without_memory, &(enum t_place){ T_AT_UNIX });
		T_CHILD(without_memory, &(enum t_place){ T_AT_TCP });
	}
	T_CHILD(after_a_signal, NULL);
	T_CHILD(cannot_be_read, NULL);
	T_CHILD(by_nothing, &(int){ 0 });
	T_CHILD(by_nothing, &(int){ -EAGAIN });
	T_CHILD(in_pieces, &(uint32_t){ 0 });
	T_CHILD(in_pieces, &(uint32_t){ ZS_VIA_SENDFILE });
	T_CHILD(in_pieces, &(uint32_t){ ZS_VIA_SENDFILE | ZS_VIA_SPLICE });
	return t_done();
}
