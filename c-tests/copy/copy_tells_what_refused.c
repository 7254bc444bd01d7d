/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The result of a copy names the mechanisms that were tried and refused, with the errno of the first. It names none
 * that was not tried, and none where the descriptors themselves were wrong. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define CLONE ZS_VIA_CLONE
#define RANGE ZS_VIA_COPY_RANGE
#define SENDFILE ZS_VIA_SENDFILE
#define SPLICE ZS_VIA_SPLICE
#define BUFFER ZS_VIA_READ_WRITE

/* A sandbox in which `denied` fail with `error`. */
struct sandbox {
	enum t_place from, to;
	uint32_t denied;
	int error;
	uint32_t avoid, flags, refused;
};

static void denies(void *argument)
{
	const struct sandbox *it = argument;
	struct t_pair *pair = t_pair(it->from, it->to);
	struct zs_result result = t_unwritten();
	int has_failed;

	t_scene("%s to %s, %s denied with %s, %s avoided, flags %#x", t_place_name(it->from), t_place_name(it->to),
		t_via_words(it->denied), t_errno_name(it->error), t_via_words(it->avoid), it->flags);
	t_deny_via(it->denied, T_FAILS(it->error));
	has_failed = T_COPY(pair->in, NULL, pair->out, NULL, ZS_TO_END, &result, .avoid = it->avoid,
			    .flags = it->flags) < 0;
	T_EQ(result.refused, it->refused);
	T_EQ(result.refusal, it->refused ? it->error : 0);
	if (it->avoid & BUFFER || it->flags & ZS_CLONE) {
		OK(has_failed);
		T_EQ(result.error, it->flags & ZS_CLONE ? it->error : EOPNOTSUPP);
		return;
	}
	OK(!has_failed && t_pair_whole(pair));
	OK((result.via & it->refused) == 0);
}

static void in_sandboxes(void)
{
	static const struct sandbox all[] = {
		{ T_AT_FILE, T_AT_FILE, CLONE, ENOTTY, 0, 0, CLONE },
		{ T_AT_FILE, T_AT_FILE, CLONE, EPERM, 0, ZS_CLONE, CLONE },
		/* A full disk is no refusal. */
		{ T_AT_FILE, T_AT_FILE, CLONE, ENOSPC, 0, ZS_CLONE, 0 },
		{ T_AT_FILE, T_AT_FILE, RANGE, EPERM, CLONE, 0, RANGE },
		{ T_AT_FILE, T_AT_FILE, RANGE, EXDEV, CLONE, 0, RANGE },
		{ T_AT_FILE, T_AT_FILE, CLONE | RANGE, ENOSYS, 0, 0, CLONE | RANGE },
		{ T_AT_FILE, T_AT_FILE, RANGE | SENDFILE | SPLICE, EPERM, CLONE, 0, RANGE | SENDFILE | SPLICE },
		{ T_AT_FILE, T_AT_TCP, SENDFILE, ENOSYS, 0, 0, SENDFILE },
		{ T_AT_FILE, T_AT_TCP, SPLICE, EPERM, 0, ZS_MORE, SPLICE },
		{ T_AT_FILE, T_AT_PIPE, SPLICE, EPERM, 0, 0, SPLICE },
		{ T_AT_PIPE, T_AT_UNIX, SPLICE, ENOSYS, 0, 0, SPLICE },
		{ T_AT_PIPE, T_AT_FILE, SPLICE, EPERM, BUFFER, 0, SPLICE },
		{ T_AT_FILE, T_AT_FILE, RANGE | SENDFILE | SPLICE, EPERM, CLONE | BUFFER, 0,
		  RANGE | SENDFILE | SPLICE },
		/* What is avoided, by the caller or by a flag, is not tried. */
		{ T_AT_FILE, T_AT_FILE, RANGE, EPERM, CLONE | RANGE, 0, 0 },
		{ T_AT_FILE, T_AT_FILE, CLONE | RANGE, EPERM, 0, ZS_NO_CLONE, 0 },
		{ T_AT_FILE, T_AT_FILE, CLONE | RANGE, EPERM, 0, ZS_FILL_HOLES, 0 },
		{ T_AT_FILE, T_AT_PIPE, SENDFILE | SPLICE, EPERM, 0, ZS_STABLE, 0 },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		T_CHILD(denies, (void *)&all[i]);
	t_scene("no sandbox");
}

/* Neither copy_file_range(2) nor sendfile(2) appends. */
static void to_a_file_that_appends(void)
{
	int in = t_file(100000), file = t_file(0), out = t_reopen(file, O_WRONLY | O_APPEND);
	struct zs_result result;

	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .avoid = CLONE), 100000);
	OK(T_IS(result, .bytes = 100000, .copied = 100000, .via = BUFFER, .refused = RANGE | SENDFILE,
		.refusal = EBADF));
	MUST(close(in) == 0 && close(out) == 0 && close(file) == 0);
}

/* Several steps, after the first of which the output is one that appends. */
static int begins_to_append(void *context, const struct zs_result *so_far)
{
	static uint32_t before;
	int out = *(int *)context;

	OK((before & ~so_far->refused) == 0);
	T_EQ(so_far->refused, so_far->via & BUFFER ? RANGE | SENDFILE : 0);
	T_EQ(so_far->refusal, so_far->refused ? EBADF : 0);
	T_EQ(so_far->index, 0);
	before = so_far->refused;
	MUST(fcntl(out, F_SETFL, O_APPEND) == 0);
	return 0;
}

static void in_the_middle(void)
{
	int in = t_file(0), out = t_file(0);
	struct zs_result result;

	t_put_pattern(in, 0, 10 << 20, 0);
	T_EQ(T_COPY(in, NULL, out, NULL, ZS_TO_END, &result, .avoid = CLONE, .progress = begins_to_append,
		    .context = &out), 10 << 20);
	T_EQ(result.via, RANGE | BUFFER);
	T_EQ(result.refused, RANGE | SENDFILE);
	T_EQ(result.refusal, EBADF);
	OK(result.copied > 0 && result.copied < result.bytes && t_has_pattern(out, 0, 10 << 20, 0));
	MUST(close(in) == 0 && close(out) == 0);
}

/* A descriptor that is not open the right way is no mechanism's fault. */
static void wrong_descriptors(void)
{
	int file = t_file(100000), other = t_file(100000), reads = t_reopen(other, O_RDONLY);
	int writes = t_reopen(file, O_WRONLY);
	struct zs_result result;

	T_EQ(T_COPY(file, NULL, reads, NULL, ZS_TO_END, &result, .avoid = CLONE), -1);
	OK(T_IS(result, .error = EBADF, .side = result.side));
	T_EQ(T_COPY(writes, NULL, other, NULL, ZS_TO_END, &result, .avoid = CLONE), -1);
	OK(T_IS(result, .error = EBADF, .side = result.side));
	MUST(close(file) == 0 && close(other) == 0 && close(reads) == 0 && close(writes) == 0);
}

/* splice(2) from a socket to a file needs a pipe. That there is none refuses nothing. */
static void without_pipes(void *unused)
{
	static char bytes[100000];
	struct rlimit none = { 0, 0 };
	int fds[2], out = t_file(0);
	struct zs_result result;

	(void)unused;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	t_pattern(bytes, sizeof bytes, 0);
	t_write(fds[1], bytes, sizeof bytes);
	MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	T_EQ(T_COPY(fds[0], NULL, out, NULL, 100000, &result, .flags = 0), 100000);
	OK(T_IS(result, .bytes = 100000, .copied = 100000, .via = BUFFER));
}

/* A buffer is faster for a small file, and for one that does not know its size. */
static void chosen(void)
{
	int small = t_file(4096), proc = open("/proc/self/status", O_RDONLY), out = t_file(0);
	struct zs_result result;

	T_EQ(zs_copy(small, NULL, out, NULL, ZS_TO_END, NULL, &result), 4096);
	OK(T_IS(result, .bytes = 4096, .copied = 4096, .via = BUFFER));
	MUST(proc >= 0);
	OK(zs_copy(proc, NULL, out, NULL, ZS_TO_END, NULL, &result) > 0);
	OK(T_IS(result, .bytes = result.bytes, .copied = result.bytes, .via = BUFFER));
	MUST(close(small) == 0 && close(proc) == 0 && close(out) == 0);
}

/* /proc, where read(2) is not wanted: copy_file_range(2) refuses, or moves nothing. */
static void proc_without_read(void)
{
	int proc = open("/proc/self/status", O_RDONLY), out = t_file(0);
	struct zs_result result;

	MUST(proc >= 0);
	OK(T_COPY(proc, NULL, out, NULL, ZS_TO_END, &result, .avoid = BUFFER) >= 0 || errno == EOPNOTSUPP);
	OK(result.refused & RANGE);
	OK(result.refusal == EINVAL || result.refusal == EXDEV || result.refusal == EOPNOTSUPP);
	MUST(close(proc) == 0 && close(out) == 0);
}

/* Two files of one file system: shared, or refused for a reason that the kernel has given. */
static void clones(void)
{
	int in = t_file(200000), out = t_file(0);
	struct zs_result result;

	T_EQ(zs_copy(in, NULL, out, NULL, ZS_TO_END, NULL, &result), 200000);
	if (result.via == CLONE)
		OK(T_IS(result, .bytes = 200000, .via = CLONE));
	else
		OK(T_IS(result, .bytes = 200000, .via = result.via, .copied = result.copied,
			.refused = CLONE | result.refused, .refusal = result.refusal) && result.refusal > 0);
	MUST(close(in) == 0 && close(out) == 0);
}

int main(void)
{
	in_sandboxes();
	to_a_file_that_appends();
	in_the_middle();
	wrong_descriptors();
	T_CHILD(without_pipes, NULL);
	chosen();
	proc_without_read();
	clones();
	return t_done();
}
