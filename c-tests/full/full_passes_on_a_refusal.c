/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* If a sandbox denies the system call with EPERM or ENOSYS, at once or in the middle of a transfer, that error
 * is returned and no other call is tried. */
#include <zsplice.h>
#include "t.h"
#include "t_intercept.h"
#include "t_result.h"

#define HALF 40000
#define LEN (2 * HALF)

static int refusal;
static int file, out, fds[2], copy[2];

static void scene(void)
{
	file = t_file(LEN);
	out = t_file(0);
	MUST(pipe(fds) == 0 && pipe(copy) == 0);
	MUST(fcntl(fds[1], F_SETPIPE_SZ, 1 << 17) > 0 && fcntl(copy[1], F_SETPIPE_SZ, 1 << 17) > 0);
}

static void refused(int64_t said, const struct zs_result *result)
{
	T_EQ(said, -1);
	T_EQ(errno, refusal);
	OK(T_IS(*result, .error = refusal));
	OK(lseek(file, 0, SEEK_CUR) == 0 && lseek(out, 0, SEEK_END) == 0 && t_bytes_available(copy[0]) == 0);
}

static void at_once(void *argument)
{
	struct zs_result result = t_unwritten();

	(void)argument;
	scene();
	t_write(fds[1], "four", 4);
	t_refuse(SYS_splice, refusal);
	t_refuse(SYS_tee, refusal);
	t_refuse(T_SYS_SENDFILE, refusal);
	t_refuse(SYS_copy_file_range, refusal);
	refused(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0, &result), &result);
	result = t_unwritten();
	refused(zs_sendfile_full(out, file, NULL, LEN, 0, &result), &result);
	result = t_unwritten();
	refused(zs_copy_range_full(file, NULL, out, NULL, LEN, 0, &result), &result);
	result = t_unwritten();
	refused(zs_tee_full(fds[0], copy[1], out, 4, 0, &result), &result);
	T_EQ(t_bytes_available(fds[0]), 4);
}

/* The first half is moved; then the call is denied. */
static int64_t half_a_splice(const uint64_t *args, int earlier)
{
	return earlier ? -refusal : t_make_with(SYS_splice, args, 4, HALF);
}

static int64_t half_a_sendfile(const uint64_t *args, int earlier)
{
	return earlier ? -refusal : t_make_with(T_SYS_SENDFILE, args, 3, HALF);
}

static int64_t half_a_copy(const uint64_t *args, int earlier)
{
	return earlier ? -refusal
		       : t_make_with(SYS_copy_file_range, args, 4, HALF);
}

static void midway(struct zs_result result, uint32_t via, uint64_t in_flight)
{
	OK(T_IS(result, .bytes = HALF, .in_flight = in_flight, .via = via, .error = refusal));
}

static void splice_full(void *argument)
{
	struct zs_result result = t_unwritten();

	(void)argument;
	scene();
	t_intercept(SYS_splice, half_a_splice);
	T_EQ(zs_splice_full(file, NULL, fds[1], NULL, LEN, 0, &result), -1);
	T_EQ(errno, refusal);
	midway(result, ZS_VIA_SPLICE, 0);
	if (T_EQ(lseek(file, 0, SEEK_CUR), HALF))
		T_EQ(t_bytes_available(fds[0]), HALF);
}

static void tee_full(void *argument)
{
	static char bytes[LEN];
	struct zs_result result = t_unwritten();

	(void)argument;
	scene();
	t_write(fds[1], bytes, LEN);
	t_intercept(SYS_splice, half_a_splice);
	T_EQ(zs_tee_full(fds[0], copy[1], out, LEN, 0, &result), -1);
	T_EQ(errno, refusal);
	midway(result, ZS_VIA_SPLICE | ZS_VIA_TEE, HALF);
	OK(t_bytes_available(fds[0]) == HALF && t_bytes_available(copy[0]) == LEN && lseek(out, 0, SEEK_END) == HALF);
}

static void sendfile_full(void *argument)
{
	struct zs_result result = t_unwritten();

	(void)argument;
	scene();
	t_intercept(T_SYS_SENDFILE, half_a_sendfile);
	T_EQ(zs_sendfile_full(out, file, NULL, LEN, 0, &result), -1);
	T_EQ(errno, refusal);
	midway(result, ZS_VIA_SENDFILE, 0);
	if (T_EQ(lseek(file, 0, SEEK_CUR), HALF))
		T_EQ(lseek(out, 0, SEEK_END), HALF);
}

static void copy_range_full(void *argument)
{
	struct zs_result result = t_unwritten();

	(void)argument;
	scene();
	t_intercept(SYS_copy_file_range, half_a_copy);
	T_EQ(zs_copy_range_full(file, NULL, out, NULL, LEN, 0, &result), -1);
	T_EQ(errno, refusal);
	midway(result, ZS_VIA_COPY_RANGE, 0);
	if (T_EQ(lseek(file, 0, SEEK_CUR), HALF))
		T_EQ(lseek(out, 0, SEEK_END), HALF);
}

int main(void)
{
	int refusals[] = { EPERM, ENOSYS };

	for (int i = 0; i < 2; i++) {
		refusal = refusals[i];
		T_CHILD(at_once, NULL);
		T_CHILD(splice_full, NULL);
		T_CHILD(tee_full, NULL);
		T_CHILD(sendfile_full, NULL);
		T_CHILD(copy_range_full, NULL);
	}
	return t_done();
}
