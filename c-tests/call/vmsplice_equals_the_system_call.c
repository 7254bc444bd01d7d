/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_vmsplice is vmsplice(2): with the same arguments it gives the same count, errno, memory and bytes. */
#include <zsplice.h>
#include "t.h"
#include "t_endpoints.h"

typedef ssize_t transfer(int fd, const struct iovec *iov, size_t count, unsigned int flags);

static ssize_t kernel(int fd, const struct iovec *iov, size_t count, unsigned int flags)
{
	return syscall(SYS_vmsplice, fd, iov, count, flags);
}

/* The outcome of one case; the memory takes the place of the second endpoint. */
static struct t_trace play(transfer *vmsplice, enum t_kind kind, int pieces, size_t count,
			   unsigned int flags)
{
	static unsigned char *memory, *nowhere;
	struct t_trace trace = { 0 };
	struct t_endpoint end = t_open_endpoint(kind);
	/* More pieces than the kernel takes, so that no count reads beyond the array. */
	struct iovec iov[1025] = { { NULL, 0 }, { NULL, 8 }, { NULL, 0 }, { NULL, 9000 } };

	if (!memory) {
		memory = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		nowhere = mmap(NULL, T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		MUST(memory != MAP_FAILED && nowhere != MAP_FAILED);
	}
	t_pattern(memory, 16384, 0);
	for (int i = 0; i < 4; i++)
		iov[i].iov_base = memory + 100 * i;
	if (pieces == 1)
		iov[1].iov_base = nowhere;
	if (pieces == 2)
		iov[3].iov_base = nowhere;
	if (pieces == 3)
		iov[1].iov_len = SIZE_MAX;
	errno = 0x5a5a;
	trace.returned = vmsplice(end.fd, pieces == 4 ? NULL : pieces == 5 ? (void *)nowhere : iov,
				  count, flags);
	trace.error = errno;
	t_digest_endpoint(end, &trace.position[0], &trace.bytes[0]);
	for (size_t i = 0; i < 16384; i++)
		trace.bytes[1] = (trace.bytes[1] ^ memory[i]) * 0x100000001b3;
	return trace;
}

static int compare(enum t_kind kind, int pieces, size_t count, unsigned int flags)
{
	struct t_trace a = play(kernel, kind, pieces, count, flags);
	struct t_trace b = play(zs_vmsplice, kind, pieces, count, flags);

	OK(a.returned < 0 || a.error == 0x5a5a);
	if (!OK(t_same(&a, &b)))
		fprintf(stderr, "  end %s pieces %d count %zu flags %s: kernel %lld (errno %s), ours %lld "
			"(errno %s)\n", t_kind_name(kind), pieces, count, t_splice_flag_words(flags),
			(long long)a.returned, t_errno_name(a.error), (long long)b.returned,
			t_errno_name(b.error));
	return a.returned > 0;
}

int main(void)
{
	static const size_t counts[] = { 0, 1, 2, 4, 1025, INT_MAX, SSIZE_MAX, SIZE_MAX };
	static const enum t_kind kinds[] = { T_FILE, T_PIPE_IN, T_PIPE_OUT, T_PIPE_OUT_FULL };
	int moved = 0;

	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	for (int kind = 0; kind < T_KINDS; kind++)
		moved += compare(kind, 0, 4, SPLICE_F_NONBLOCK);
	for (int i = 0; i < 4 * 6 * 4; i++) /* no more than there are, where the kernel would look */
		moved += compare(kinds[i / 24], i / 4 % 6, counts[i % 4], SPLICE_F_NONBLOCK);
	for (int i = 0; i < 4 * 4; i++)
		moved += compare(kinds[i / 4], 0, counts[4 + i % 4],
				 SPLICE_F_NONBLOCK);
	for (int bit = 0; bit < 32; bit++)
		for (int i = 0; i < 4; i++)
			moved += compare(kinds[i], 0, 4, 1u << bit | SPLICE_F_NONBLOCK);
	compare(T_PIPE_OUT, 0, 4, ~0u);
	MUST(moved > 10);
	return t_done();
}
