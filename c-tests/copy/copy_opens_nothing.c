/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Looking for the holes of an input opens nothing: locks that another descriptor of the process has taken stay, a
 * lease is not broken, and a sandbox that kills at openat(2) has no reason to. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((int64_t)1 << 20)

static int in;

static int sparse(void)
{
	int fd = t_file(0);

	MUST(ftruncate(fd, LEN) == 0);
	t_put_pattern(fd, LEN / 2, 65536, 0);
	return fd;
}

static void copied(int from)
{
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;
	int out = t_file(0);

	T_EQ(zs_copy(from, &off_in, out, &off_out, ZS_TO_END, NULL, &result), LEN);
	T_EQ(result.holes, LEN - 65536);
	OK(t_same_bytes(from, out));
	MUST(close(out) == 0);
}

/* In another process: whether the file is locked. */
static void looks(void *argument)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)argument;
	MUST(fcntl(in, F_GETLK, &lock) == 0);
	T_EQ(lock.l_type, F_WRLCK);
}

static void locked(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int other;

	in = sparse();
	other = t_reopen(in, O_RDWR);
	MUST(fcntl(other, F_SETLK, &lock) == 0);
	copied(in);
	T_CHILD(looks, NULL);
	MUST(close(in) == 0 && close(other) == 0);
}

static volatile sig_atomic_t broken;

static void breaks(int signal)
{
	(void)signal;
	broken = 1;
}

static void leased(void)
{
	in = sparse();
	MUST(signal(SIGIO, breaks) != SIG_ERR && fcntl(in, F_SETLEASE, F_WRLCK) == 0);
	copied(in);
	T_EQ(fcntl(in, F_GETLEASE), F_WRLCK);
	T_EQ(broken, 0);
	MUST(close(in) == 0);
}

static void sandboxed(void *argument)
{
	struct zs_result result;
	int64_t off_in = 0, off_out = 0;
	int out = t_file(0);

	(void)argument;
	in = sparse();
	t_deny(SYS_openat, T_KILLED);
	T_EQ(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, NULL, &result), LEN);
	T_EQ(result.holes, LEN - 65536);
}

int main(void)
{
	locked();
	leased();
	T_CHILD(sandboxed, NULL);
	return t_done();
}
