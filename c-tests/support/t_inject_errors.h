/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs copies in which one system call after the other fails, with every error, at the first, the second and
 * later calls, and in which the kernel moves few bytes at a time. Each copy either completes or returns the
 * error, and its result says to the byte what the output holds and what was taken from the input. Include after
 * t.h. */
#ifndef T_INJECT_ERRORS_H
#define T_INJECT_ERRORS_H

#include <linux/fs.h>
#include <malloc.h>
#include "t_mount.h"
#include "t_random.h"
#include "t_seccomp_notify.h"

#define T_LEN 110000
#define T_MORE 5000
/* A small copy. */
#define T_FEW 3000
#define T_ROOM ((size_t)1 << 20)
/* Stop after so many failures. */
#define T_ENOUGH 20

/* ---- The copies ---- */

enum t_hole { T_DENSE, T_SPARSE };
/* The current directory, another file system, one that has reflinks. */
enum t_where { T_HERE, T_THERE, T_SHARING };
enum t_position_used { T_OWN, T_GIVEN };

struct t_copy_case {
	const char *name;
	enum t_stream_kind in, out;
	enum t_where in_where, out_where;
	enum t_hole hole;
	enum t_position_used position;
	uint32_t flags, avoid;
	int watched, nonblock, to_end, small;
};

static inline int t_is_file(enum t_stream_kind sort)
{
	return sort == T_REGULAR || sort == T_MEMFD;
}

static unsigned char t_content[T_LEN + T_MORE], t_earlier[T_LEN + 3 * T_MORE];

/* The input file, kept open for all copies of a case. */
static int t_inject_file = -1;

struct t_injected_copy {
	const struct t_copy_case *way;
	int in, out, quiet[2];
	struct t_writer giver;
	struct t_reader taker;
	int64_t returned, offset[2], start[2];
	int error;
	struct zs_result result;
};

static inline int t_folder_of(enum t_where where)
{
	if (where == T_THERE && t_folder_count > 1)
		return t_folders[1];
	return t_folders[where == T_HERE ? 0 : t_folder_count - 1];
}

/* Whether the last directory is on a file system that has reflinks. */
static inline int t_can_share(void)
{
	const char *last = t_folder_names[t_folder_count - 1];

	return strcmp(last, "xfs") == 0 || strcmp(last, "btrfs") == 0;
}

static inline void t_inject_open(const struct t_copy_case *way)
{
	if (t_inject_file >= 0)
		MUST(close(t_inject_file) == 0);
	t_inject_file = way->in == T_REGULAR
		? t_file_in(t_folder_of(way->in_where), t_content, sizeof t_content, way->hole == T_SPARSE)
		: memfd_create("t", MFD_CLOEXEC);
	MUST(t_inject_file >= 0);
	if (way->in == T_MEMFD)
		MUST(pwrite(t_inject_file, t_content, sizeof t_content, 0) == sizeof t_content);
}

static inline int64_t t_length(const struct t_copy_case *way)
{
	return way->small ? T_FEW : T_LEN;
}

/* How many bytes the input has: as many as are copied, or a few more. */
static inline size_t t_given_by(const struct t_copy_case *way)
{
	return way->to_end ? T_LEN : T_LEN + T_MORE;
}

static inline void t_inject_set_up(struct t_injected_copy *copy, const struct t_copy_case *way, uint64_t chance)
{
	*copy = (struct t_injected_copy){ .way = way };
	/* Both offsets are at the same place within a block, so that blocks can be shared. */
	copy->start[0] = t_is_file(way->in) ? T_MORE - (way->to_end ? 0 : 1000) : 0;
	if (way->small && way->to_end)
		copy->start[0] = sizeof t_content - T_FEW;
	copy->start[1] = t_is_file(way->out) ? copy->start[0] + 2 * T_PAGE - (way->in == way->out ? 0 : 1) : 0;
	copy->offset[0] = copy->start[0];
	copy->offset[1] = copy->start[1];
	if (t_is_file(way->in)) {
		copy->in = t_inject_file;
		MUST(lseek(copy->in, way->position == T_OWN ? copy->start[0] : 7, SEEK_SET) >= 0);
	} else {
		copy->giver = (struct t_writer){ .bytes = t_content, .len = t_given_by(way), .chance = chance };
		t_writer_start(&copy->giver, way->in);
		copy->in = copy->giver.fd;
	}
	if (t_is_file(way->out)) {
		copy->out = t_file_in(t_folder_of(way->out_where), t_earlier, sizeof t_earlier / 2, 0);
		MUST(lseek(copy->out, way->position == T_OWN ? copy->start[1] : 7, SEEK_SET) >= 0);
	} else {
		copy->taker = (struct t_reader){ .room = T_ROOM, .bytes = malloc(T_ROOM), .chance = chance };
		MUST(copy->taker.bytes);
		t_reader_start(&copy->taker, way->out);
		copy->out = copy->taker.fd;
	}
	if (t_is_stream(way->in))
		t_nonblock(copy->in, way->nonblock);
	if (t_is_stream(way->out))
		t_nonblock(copy->out, way->nonblock);
	MUST(pipe2(copy->quiet, O_CLOEXEC) == 0);
}

static inline void t_inject_run_copy(void *argument)
{
	struct t_injected_copy *copy = argument;
	const struct t_copy_case *way = copy->way;
	struct zs_options options = { .flags = way->flags, .avoid = way->avoid };
	int given = way->position == T_GIVEN;

	if (way->watched) {
		options.flags |= ZS_CANCEL_FD;
		options.cancel_fd = copy->quiet[0];
		options.timeout_ns = options.idle_ns = 15000000000;
	}
	memset(&copy->result, 0xa5, sizeof copy->result);
	errno = 0x5a5a;
	copy->returned = zs_copy(copy->in, given && t_is_file(way->in) ? &copy->offset[0] : NULL,
				 copy->out, given && t_is_file(way->out) ? &copy->offset[1] : NULL,
				 way->to_end ? ZS_TO_END : (uint64_t)t_length(way), &options, &copy->result);
	copy->error = errno;
}

/* ---- What must be so, whatever happened ---- */

static inline size_t t_all_of(const struct t_injected_copy *copy)
{
	if (copy->way->to_end && t_is_file(copy->way->in))
		return sizeof t_content - (size_t)copy->start[0];
	return (size_t)t_length(copy->way);
}

static inline int t_is_exact(const struct t_injected_copy *copy)
{
	static unsigned char is[sizeof t_earlier + T_LEN], wanted[sizeof t_earlier + T_LEN];
	uint64_t from = (uint64_t)copy->start[1], bytes = copy->result.bytes, size = sizeof t_earlier / 2;
	ssize_t n = pread(copy->out, is, sizeof is, 0);

	/* With ZS_CLONE blocks are shared first, and stay shared if the rest fails. */
	if (copy->way->flags & ZS_CLONE && copy->returned < (int64_t)t_all_of(copy) && n != (ssize_t)size)
		return n >= (ssize_t)(from + bytes) && memcmp(is, t_earlier, from) == 0
			&& memcmp(is + from, t_content + copy->start[0], bytes) == 0;
	memcpy(wanted, t_earlier, sizeof t_earlier / 2);
	memset(wanted + size, 0, sizeof wanted - size);
	memcpy(wanted + from, t_content + copy->start[0], bytes);
	if (bytes > 0 && from + bytes > size)
		size = from + bytes;
	return n == (ssize_t)size && memcmp(is, wanted, size) == 0;
}

static inline int t_is_at(int fd, int given, int64_t start, int64_t offset, uint64_t bytes)
{
	if (given)
		return lseek(fd, 0, SEEK_CUR) == 7 && offset == start + (int64_t)bytes;
	return lseek(fd, 0, SEEK_CUR) == start + (int64_t)bytes && offset == start;
}

/* Checks the outcome of a copy, and closes everything. */
static inline void t_inject_check(struct t_injected_copy *copy)
{
	const struct t_copy_case *way = copy->way;
	uint64_t bytes = copy->result.bytes, gone = bytes + copy->result.in_flight;
	int given = way->position == T_GIVEN, no_seek = t_injected.no_seek;

	if (!OK(t_result_is_consistent(copy->returned, copy->error, &copy->result))
	    || !OK(bytes <= sizeof t_content))
		return;
	OK(!t_is_stream(way->in) || !(fcntl(copy->in, F_GETFL) & O_NONBLOCK) == !way->nonblock);
	OK(!t_is_stream(way->out) || !(fcntl(copy->out, F_GETFL) & O_NONBLOCK) == !way->nonblock);
	if (t_is_file(way->in))
		OK(no_seek || (copy->result.in_flight == 0
			       && t_is_at(copy->in, given, copy->start[0], copy->offset[0], bytes)));
	else
		OK(t_writer_end(&copy->giver, gone));
	if (t_is_file(way->out)) {
		OK(no_seek || t_is_at(copy->out, given, copy->start[1], copy->offset[1], bytes));
		OK(t_is_exact(copy));
		MUST(close(copy->out) == 0);
	} else {
		OK(t_reader_end(&copy->taker, way->out, t_content + copy->start[0], bytes));
		free(copy->taker.bytes);
	}
	t_close2(copy->quiet);
}

/* ---- What may come of an error ---- */

enum t_verdict {
	T_COMPLETE,       /* the copy completes */
	T_FAILED,         /* the error is returned */
	T_EITHER,
	T_SHORT,          /* the input counts as ended */
	T_ANYTHING,       /* any outcome that is accounted for */
};

static inline enum t_verdict t_verdict_of_data(int number, int answer)
{
	int reads = number == SYS_read || number == T_SYS_PREAD || number == SYS_preadv2 || number == SYS_recvfrom;
	int writes = number == SYS_write || number == T_SYS_PWRITE || number == SYS_pwritev2 || number == SYS_sendto;

	switch (answer) {
	case -EINTR: case -EAGAIN:
		return T_COMPLETE;
	case -EIO: case -ENOSPC: case -ENOMEM:
		return T_FAILED;
	case 0:
		return reads ? T_SHORT : writes ? T_FAILED : T_COMPLETE;
	case -EINVAL: case -EPERM: case -ENOSYS: case -EOPNOTSUPP:
		/* write(2) does what send(2) may not. */
		if (number == SYS_sendto)
			return T_COMPLETE;
		/* write(2) does what pwrite(2) may not, at the position of the descriptor; or another mechanism does. */
		if ((number == SYS_write || number == T_SYS_PWRITE) && answer != -EINVAL)
			return T_EITHER;
		/* fall through */
	default:
		/* The read may have been the one that checks for the end of the input. */
		return reads ? T_EITHER : writes ? T_FAILED : T_COMPLETE;
	}
}

static inline enum t_verdict t_verdict(const struct t_copy_case *way, struct t_call call, int answer)
{
	enum t_verdict verdict;

	/* Memory that begins on a page may be what is missing (O_DIRECT). */
	if (way->small && answer == -EINVAL)
		return T_EITHER;
	/* There is nothing to fall back to. */
	if (way->avoid & ZS_VIA_READ_WRITE && call.number == SYS_pipe2)
		return T_FAILED;
	/* This is not a read of the input, which is read with pread(2) here. */
	if (call.number == SYS_read && t_is_file(way->in) && way->position == T_GIVEN)
		return T_COMPLETE;
	if (t_length_argument(call.number) >= 0) {
		verdict = t_verdict_of_data(call.number, answer);
		if (way->avoid & ZS_VIA_READ_WRITE && answer != -EINTR && answer != -EAGAIN)
			return verdict == T_COMPLETE ? T_EITHER : verdict;
		/* The recv(2) may be one that only peeks. */
		return call.number == SYS_recvfrom && answer != 0 && verdict != T_COMPLETE ? T_EITHER : verdict;
	}
	if (call.number == SYS_ioctl && (unsigned int)call.detail == FICLONERANGE) {
		if (answer == -EINTR)
			return T_COMPLETE;
		return way->flags & ZS_CLONE ? T_FAILED : t_verdict_of_data(SYS_splice, answer);
	}
	switch (call.number) {
	case SYS_pipe2: case T_SYS_MMAP: case SYS_mprotect: case SYS_getsockopt: case T_SYS_FSTATFS:
	case SYS_openat: case SYS_ioctl: case SYS_rt_sigprocmask: case SYS_rt_sigpending:
		return T_COMPLETE;
	case T_SYS_FCNTL:
		return call.detail == F_GETFL ? T_EITHER : T_COMPLETE;
	case T_SYS_POLL: case SYS_ppoll: case SYS_fallocate:
		return answer == -EINTR ? T_COMPLETE : T_EITHER;
	default:
		return T_EITHER;
	}
}

static inline int t_fits(const struct t_injected_copy *copy, enum t_verdict verdict, int answer)
{
	int complete = copy->returned == (int64_t)t_all_of(copy);
	int failed = copy->returned == -1
		&& (copy->error == -answer || (answer == 0 && copy->error == EIO)
		    || (copy->error == EOPNOTSUPP && copy->way->avoid & ZS_VIA_READ_WRITE));

	switch (verdict) {
	case T_COMPLETE:
		return complete;
	case T_FAILED:
		return failed;
	case T_SHORT:
		return copy->returned >= 0;
	case T_ANYTHING:
		return 1;
	default:
		return complete || failed;
	}
}

/* ---- Going through it ---- */

static int t_played, t_injected_count;

static inline void t_inject_once(const struct t_copy_case *way, struct t_injection how,
				  enum t_verdict verdict)
{
	struct t_injected_copy copy;
	int failures = t_failures;
	uint64_t open;

	if (how.when)
		t_scene("%s: system call %s (%#x), time %d, answers %s", way->name, t_call_name(how.call.number),
			(unsigned int)how.call.detail, how.when, t_errno_name(-how.answer));
	else
		t_scene("%s: no more than %zu bytes at a time, one call in %u answered at random", way->name,
			how.most, how.storm);
	t_inject_set_up(&copy, way, 1 + (uint64_t)t_played++);
	open = t_open_descriptor_set();
	if (t_run_injected(how, t_inject_run_copy, &copy))
		t_injected_count++;
	else
		verdict = T_COMPLETE;
	T_EQ(t_open_descriptor_set() & ~open, 0);
	OK(t_fits(&copy, verdict, how.answer));
	t_inject_check(&copy);
	if (t_failures > failures)
		fprintf(stderr, "    returned %lld, errno %s, bytes %llu, in flight %llu, holes %llu, via %s, side %s\n",
			(long long)copy.returned, t_errno_name(copy.error), (unsigned long long)copy.result.bytes,
			(unsigned long long)copy.result.in_flight, (unsigned long long)copy.result.holes,
			t_via_words(copy.result.via), t_side_word(copy.result.side));
}

static inline void t_inject_into_call(const struct t_copy_case *way, struct t_call call, int count, size_t most)
{
	int whens[] = { 1, 2, count - count / 4, count };

	for (size_t i = 0; i < 4; i++) {
		if (whens[i] > count || (i > 0 && whens[i] <= whens[i - 1]))
			continue;
		for (size_t j = 0; j < T_ANSWERS && t_failures < T_ENOUGH; j++)
			if (!t_is_exempt(call, t_injected_answers[j]))
				t_inject_once(way, (struct t_injection){ .call = call, .when = whens[i],
								 .answer = t_injected_answers[j], .most = most },
				     t_verdict(way, call, t_injected_answers[j]));
	}
}

static inline void t_nothing(void *argument)
{
	(void)argument;
}

static inline void t_inject_prepare(void)
{
	uint64_t chance = 1;

	for (size_t i = 0; i < sizeof t_content; i++)
		t_content[i] = (unsigned char)t_random(&chance);
	for (size_t i = 0; i < sizeof t_earlier; i++)
		t_earlier[i] = (unsigned char)t_random(&chance);
	/* Holes in the middle and at the end. */
	memset(t_content + 3 * T_PAGE, 0, 4 * T_PAGE);
	memset(t_content + 20 * T_PAGE, 0, 2 * T_PAGE);
	memset(t_content + 26 * T_PAGE, 0, sizeof t_content - 26 * T_PAGE);
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_mount_folders();
	/* So that malloc(3) makes no call but mmap(2) for a buffer. */
	MUST(mallopt(M_ARENA_MAX, 1) && mallopt(M_MMAP_THRESHOLD, 65536));
	(void)t_run_injected((struct t_injection){ .when = 0 }, t_nothing, NULL);
}

/* Runs all cases, or the one whose name is `only`. Returns what main returns. */
static inline int t_inject_errors(const struct t_copy_case *ways, size_t count, const char *only)
{
	static const size_t most = 15000;
	struct t_call_count tallies[sizeof t_injected.tallies / sizeof *t_injected.tallies];
	uint64_t chance = t_seed();

	t_inject_prepare();
	for (const struct t_copy_case *way = ways; way < ways + count; way++) {
		int kinds;

		if ((only && strcmp(way->name, only) != 0) || (way->flags & ZS_CLONE && !t_can_share()))
			continue;
		t_inject_open(way);
		t_inject_once(way, (struct t_injection){ 0 }, T_COMPLETE);
		for (int i = 0; i < 5; i++)
			t_inject_once(way, (struct t_injection){ .most = 40000 >> 2 * i, .chance = &chance },
				       T_COMPLETE);
		for (unsigned int i = 0; i < 40 && t_failures < T_ENOUGH; i++)
			t_inject_once(way, (struct t_injection){ .most = most, .chance = &chance, .storm = 3 + i },
				       T_ANYTHING);
		t_inject_once(way, (struct t_injection){ .most = most }, T_COMPLETE);
		kinds = t_injected.kinds;
		memcpy(tallies, t_injected.tallies, sizeof tallies);
		for (int i = 0; i < kinds && t_failures < T_ENOUGH; i++)
			t_inject_into_call(way, tallies[i].call, tallies[i].count, most);
	}
	printf("%d copies, %d of them tampered with\n", t_played, t_injected_count);
	return t_done();
}

#endif
