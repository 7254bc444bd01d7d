/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Blocking descriptors, datagram sockets, closed descriptors, unknown flags and NULL pointers are refused. */
#include <zsplice.h>
#include "t.h"
#include "t_relay.h"

static int refused(int in, int out, unsigned int flags, int error)
{
	zs_relay *relay;

	errno = 0x5a5a;
	relay = zs_relay_new(in, out, 10, NULL, flags);
	return relay == NULL && errno == error;
}

static int accepted(int in, int out, unsigned int flags)
{
	zs_relay *relay;
	int error;

	errno = 0x5a5a;
	relay = zs_relay_new(in, out, 10, NULL, flags);
	zs_relay_free(relay);
	error = errno;
	return relay != NULL && error == 0x5a5a;
}

static void descriptors(void)
{
	static const int messages[] = { SOCK_DGRAM, SOCK_SEQPACKET };
	struct t_relay it = t_relay_fds(T_A_UNIX, T_A_PIPE);
	int fds[2], file = t_file(10), folder = open(".", O_RDONLY | O_DIRECTORY);

	OK(accepted(it.fd_in, it.fd_out, 0) && accepted(it.fd_in, it.fd_in, 0));
	OK(accepted(file, it.fd_out, 0) && accepted(it.fd_in, file, 0) && accepted(file, file, 0));
	for (int i = 0; i < 2; i++) {
		MUST(socketpair(AF_UNIX, messages[i] | SOCK_NONBLOCK, 0, fds) == 0);
		OK(refused(fds[0], it.fd_out, 0, EPROTOTYPE) && refused(it.fd_in, fds[0], 0, EPROTOTYPE));
		t_close2(fds);
	}
	t_nonblock(it.fd_in, 0);
	OK(refused(it.fd_in, it.fd_out, 0, EINVAL) && refused(file, it.fd_in, 0, EINVAL));
	t_nonblock(it.fd_in, 1);
	t_nonblock(it.fd_out, 0);
	OK(refused(it.fd_in, it.fd_out, 0, EINVAL));
	t_nonblock(it.fd_out, 1);
	OK(refused(folder, it.fd_out, 0, EINVAL));
	OK(refused(-1, it.fd_out, 0, EBADF) && refused(it.fd_in, -1, 0, EBADF));
	OK(refused(INT_MAX, INT_MIN, 0, EBADF) && refused(it.fd_in, 999, 0, EBADF));
	MUST(close(folder) == 0 && close(file) == 0);
	it.relay = NULL;
	t_relay_close(&it);
}

static void flags(void)
{
	const unsigned int known = ZS_NOSIGPIPE | ZS_STABLE | ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;
	struct t_relay it = t_relay_fds(T_A_TCP, T_A_PTY);

	OK(accepted(it.fd_in, it.fd_out, known));
	for (int bit = 0; bit < 32; bit++) {
		OK(known >> bit & 1 ? accepted(it.fd_in, it.fd_out, 1u << bit)
				    : refused(it.fd_in, it.fd_out, 1u << bit, EINVAL));
		OK(known >> bit & 1 || refused(-1, -1, known | 1u << bit, EINVAL));
	}
	it.relay = NULL;
	t_relay_close(&it);
}

static void pointers(void)
{
	struct t_relay it = t_relay(T_A_UNIX, T_A_UNIX, 10, NULL, 0);
	struct zs_result result = t_unwritten();
	char byte;

	errno = 0;
	T_EQ(zs_relay_run(NULL, 0), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	T_EQ(zs_relay_feed(NULL, "x", 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	T_EQ(zs_relay_feed(it.relay, NULL, 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	if (T_EQ(zs_relay_feed(it.relay, "x", SIZE_MAX), -1))
		OK((errno == EFAULT || errno == ENOMEM));
	errno = 0;
	T_EQ(zs_relay_take(NULL, &byte, 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	T_EQ(zs_relay_take(it.relay, NULL, 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0;
	T_EQ(zs_relay_more(NULL, 1), -1);
	T_EQ(errno, EFAULT);
	errno = 0x5a5a;
	zs_relay_result(NULL, &result);
	OK(T_IS(result, .error = EFAULT, .side = ZS_SIDE_CALL));
	zs_relay_result(NULL, NULL);
	zs_relay_result(it.relay, NULL);
	zs_relay_pair(NULL, it.relay);
	zs_relay_pair(it.relay, NULL);
	zs_relay_free(NULL);
	zs_pool_free(NULL);
	T_EQ(errno, 0x5a5a);
	/* The relay still works after all that. */
	result = t_relay_result(it.relay);
	OK(T_IS(result, .bytes = 0));
	if (T_EQ(t_relay_run(it.relay, 0), ZS_WANT_READ))
		T_EQ(t_push(it.in, 20, 0), 20);
	OK(t_relay_run(it.relay, 0) == 0 && t_relay_run(it.relay, 0) == 0 && t_pull(it.out, 20, 0) == 10);
	result = t_relay_result(it.relay);
	OK(T_IS(result, .bytes = 10, .copied = 10, .via = ZS_VIA_READ_WRITE));
	t_relay_close(&it);
}

/* A descriptor has to be open for reading, or for writing. */
static void wrong_way(void)
{
	struct t_relay it = t_relay_fds(T_A_PIPE, T_A_PIPE);

	errno = 0;
	OK(zs_relay_new(it.fd_out, it.fd_out, 10, NULL, 0) == NULL);
	T_EQ(errno, EBADF);
	errno = 0;
	OK(zs_relay_new(it.fd_in, it.fd_in, 10, NULL, 0) == NULL);
	T_EQ(errno, EBADF);
	it.relay = NULL;
	t_relay_close(&it);
}

static void nothing(void)
{
	struct t_relay it = t_relay(T_A_TCP, T_A_TCP, 0, NULL, ZS_RELAY_SHUTDOWN);

	OK(t_push(it.in, 10, 0) == 10 && t_relay_run(it.relay, 0) == 0 && t_bytes_available(it.fd_in) == 10);
	t_relay_close(&it);
}

int main(void)
{
	zs_pool *pool;

	descriptors();
	flags();
	pointers();
	wrong_way();
	nothing();
	errno = 0x5a5a;
	MUST((pool = zs_pool_new(SIZE_MAX, SIZE_MAX)) != NULL);
	zs_pool_free(pool);
	MUST((pool = zs_pool_new(0, 1)) != NULL);
	zs_pool_free(pool);
	T_EQ(errno, 0x5a5a);
	return t_done();
}
