/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stream sockets of every family and protocol, TCP and AF_UNIX among them: one connected pair of each. After t.h. */
#ifndef T_FAMILY_H
#define T_FAMILY_H

#include <linux/tls.h>
#include <linux/vm_sockets.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

enum t_family { T_TCP, T_UNIX, T_VSOCK, T_KTLS_1_2, T_KTLS_1_3, T_MPTCP, T_SCTP };

static inline const char *t_family_name(enum t_family family)
{
	static const char *const names[] = {
		[T_TCP] = "TCP",
		[T_UNIX] = "AF_UNIX",
		[T_VSOCK] = "AF_VSOCK (modules vsock, vsock_loopback)",
		[T_KTLS_1_2] = "kTLS 1.2 (module tls)",
		[T_KTLS_1_3] = "kTLS 1.3 (module tls)",
		[T_MPTCP] = "MPTCP",
		[T_SCTP] = "SCTP (module sctp)",
	};

	return names[family];
}

/* SCTP sends no end of one direction: shutdown(2) ends the association once all has arrived. */
static inline int t_family_half_closes(enum t_family family)
{
	return family != T_SCTP;
}

/* The kernel does not tell for a minute that the peer of an MPTCP connection has gone, not even write(2). */
static inline int t_family_tells(enum t_family family)
{
	return family != T_MPTCP;
}

/* kTLS goes on taking bytes once the peer has gone, also from write(2): only poll(2) tells. */
static inline int t_family_takes_for_nobody(enum t_family family)
{
	return family == T_KTLS_1_2 || family == T_KTLS_1_3;
}

/* A connected pair by way of a listening socket at `at`. Returns 0 where the kernel has no such sockets. */
static inline int t_connected(int domain, int protocol, struct sockaddr *at, socklen_t len, int fds[2])
{
	int listener = socket(domain, SOCK_STREAM, protocol);

	if (listener < 0)
		return 0;
	if (bind(listener, at, len) != 0 || listen(listener, 1) != 0) {
		MUST(close(listener) == 0);
		return 0;
	}
	MUST(getsockname(listener, at, &len) == 0);
	if (domain == AF_VSOCK)
		((struct sockaddr_vm *)at)->svm_cid = VMADDR_CID_LOCAL;
	MUST((fds[0] = socket(domain, SOCK_STREAM, protocol)) >= 0);
	if (connect(fds[0], at, len) != 0) {
		MUST(close(fds[0]) == 0 && close(listener) == 0);
		return 0;
	}
	MUST((fds[1] = accept(listener, NULL, NULL)) >= 0 && close(listener) == 0);
	return 1;
}

static inline int t_inet_pair(int protocol, int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return t_connected(AF_INET, protocol, (struct sockaddr *)&at, sizeof at, fds);
}

static inline int t_vsock_pair(int fds[2])
{
	struct sockaddr_vm at = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY };

	return t_connected(AF_VSOCK, 0, (struct sockaddr *)&at, sizeof at, fds);
}

/* From now on the socket encrypts and decrypts, with keys that are no secret. Returns 0 where it cannot. */
static inline int t_encrypt(int fd, unsigned short version)
{
	struct tls12_crypto_info_aes_gcm_128 keys = { .info = { version, TLS_CIPHER_AES_GCM_128 } };

	memset(keys.key, 7, sizeof keys.key);
	memset(keys.iv, 3, sizeof keys.iv);
	memset(keys.salt, 5, sizeof keys.salt);
	return setsockopt(fd, SOL_TCP, TCP_ULP, "tls", sizeof "tls") == 0
	       && setsockopt(fd, SOL_TLS, TLS_TX, &keys, sizeof keys) == 0
	       && setsockopt(fd, SOL_TLS, TLS_RX, &keys, sizeof keys) == 0;
}

static inline int t_ktls_pair(unsigned short version, int fds[2])
{
	/* Small, since a processor without AES takes long to fill larger ones. */
	t_tcp_pair(fds, 65536, 65536);
	return t_encrypt(fds[0], version) && t_encrypt(fds[1], version);
}

/* Two connected, blocking sockets. Returns 0 where the kernel has none of them. */
static inline int t_try_family(enum t_family family, int fds[2])
{
	switch (family) {
	case T_UNIX:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0;
	case T_VSOCK:
		return t_vsock_pair(fds);
	case T_KTLS_1_2:
		return t_ktls_pair(TLS_1_2_VERSION, fds);
	case T_KTLS_1_3:
		return t_ktls_pair(TLS_1_3_VERSION, fds);
	case T_MPTCP:
		return t_inet_pair(IPPROTO_MPTCP, fds);
	case T_SCTP:
		return t_inet_pair(IPPROTO_SCTP, fds);
	default:
		return t_inet_pair(0, fds);
	}
}

static inline void t_family(enum t_family family, int fds[2], int nonblock)
{
	MUST(t_try_family(family, fds));
	t_nonblock(fds[0], nonblock);
	t_nonblock(fds[1], nonblock);
}

/* Skips the test where the kernel lacks the family. */
static inline void t_need_family(enum t_family family)
{
	int fds[2];
	char why[128];

	if (t_try_family(family, fds)) {
		t_close2(fds);
		return;
	}
	snprintf(why, sizeof why, "this kernel has no %s: %s", t_family_name(family), strerror(errno));
	t_skip_kernel(why);
}

#endif
