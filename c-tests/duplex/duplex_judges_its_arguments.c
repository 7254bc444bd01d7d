/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_duplex_new refuses what it cannot do, the other functions what is NULL or no side, and nothing is moved. Any
 * events are fine. */
#include <zsplice.h>
#include "t.h"
#include "t_duplex.h"
#include <sys/eventfd.h>

static void refused(int fd_a, int fd_b, unsigned int flags, int error)
{
	errno = 0;
	OK(zs_duplex_new(fd_a, fd_b, NULL, flags) == NULL);
	T_EQ(errno, error);
}

/* On either side. */
static void refused_at(int fd, int good, int error)
{
	refused(fd, good, 0, error);
	refused(good, fd, 0, error);
	refused(fd, fd, 0, error);
}

static void null_is_efault(void)
{
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	unsigned int events[2] = { 7, 7 };

	errno = 0;
	T_EQ(zs_duplex_run(NULL, 0, 0, 0), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	T_EQ(zs_duplex_feed(NULL, 0, "a", 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0x5a5a;
	zs_duplex_result(NULL, results);
	OK(T_IS(results[0], .error = EFAULT, .side = ZS_SIDE_CALL));
	T_EQ(results[1].error, EFAULT);
	T_EQ(results[1].side, ZS_SIDE_CALL);
	zs_duplex_result(NULL, NULL);
	zs_duplex_wants(NULL, &events[0], &events[1]);
	OK(events[0] == 0 && events[1] == 0);
	zs_duplex_wants(NULL, NULL, NULL);
	zs_duplex_free(NULL);
	T_EQ(errno, 0x5a5a);
}

static void feed_judges(struct t_duplex *it)
{
	static const int sides[] = { -1, 2, 3, INT_MIN, INT_MAX };
	struct zs_result results[2];

	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
		errno = 0;
		T_EQ(zs_duplex_feed(it->duplex, sides[i], "a", 1), -1);
		T_EQ(errno, EINVAL);
	}
	for (int side = 0; side < 2; side++) {
		errno = 0;
		T_EQ(zs_duplex_feed(it->duplex, side, NULL, 1), -1);
		T_EQ(errno, EFAULT);
		T_EQ(zs_duplex_feed(it->duplex, side, NULL, 0), 0);
		errno = 0;
		T_EQ(zs_duplex_feed(it->duplex, side, "a", SIZE_MAX), -1);
		T_EQ(errno, EFAULT);
	}
	t_duplex_results(it->duplex, results);
	OK(results[0].in_flight == 0 && results[1].in_flight == 0);
	zs_duplex_wants(it->duplex, NULL, NULL);
	zs_duplex_result(it->duplex, NULL);
}

int main(void)
{
	struct t_duplex it = t_duplex(T_A_UNIX, T_A_TCP, NULL, ZS_NOSIGPIPE | ZS_STABLE);
	int good = it.fd[0], closed, dgram[2], records[2], pipes[2], file = t_file(1), event = eventfd(1, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	uint64_t seed = t_seed();

	MUST(udp >= 0 && event >= 0);
	MUST(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, dgram) == 0);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, records) == 0);
	MUST(pipe2(pipes, O_NONBLOCK) == 0);
	MUST(write(it.far[0], "some", 4) == 4);
	for (unsigned int bit = 1; bit != 0; bit <<= 1)
		if (!(bit & (ZS_NOSIGPIPE | ZS_STABLE)))
			refused(good, it.fd[1], bit, EINVAL);
	MUST((closed = dup(good)) >= 0 && close(closed) == 0);
	refused_at(closed, good, EBADF);
	refused_at(-1, good, EBADF);
	refused_at(INT_MAX, good, EBADF);
	refused_at(pipes[0], good, EBADF);
	refused_at(pipes[1], good, EBADF);
	refused_at(t_reopen(file, O_RDONLY), good, EBADF);
	refused_at(t_reopen(file, O_WRONLY), good, EBADF);
	refused_at(t_reopen(file, O_PATH), good, EBADF);
	refused_at(dgram[0], good, EPROTOTYPE);
	refused_at(records[0], good, EPROTOTYPE);
	refused_at(udp, good, EPROTOTYPE);
	refused_at(event, good, EINVAL);
	t_nonblock(event, 1);
	refused_at(event, good, EPROTOTYPE);
	t_nonblock(good, 0);
	refused_at(good, it.fd[1], EINVAL);
	t_nonblock(good, 1);
	T_EQ(t_bytes_available(good), 4);
	null_is_efault();
	feed_judges(&it);
	/* Whatever the events are, a run moves what there is and goes on. */
	for (int i = 0; i < 10000; i++)
		T_EQ(t_duplex_run(it.duplex, (unsigned int)t_random(&seed), (unsigned int)t_random(&seed),
				  t_one_in(&seed, 2) ? 0 : UINT64_MAX), 1);
	T_EQ(t_bytes_available(it.far[1]), 4);
	t_duplex_close(&it);
	return t_done();
}
