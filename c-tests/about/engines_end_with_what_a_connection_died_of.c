/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any errno can be what a connection dies of, also one that looks like a refusal: EACCES, EINVAL. Whether the
 * connection is the input or the output, and whether the call that is told waits or not, an engine ends with that
 * errno, as read(2) and write(2) do, without SIGPIPE. With IP_RECVERR the connection lives on after it. */
/* ways: shared */
#include <zsplice.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include "t.h"
#include "t_engines.h"
#include "t_network.h"

enum death { PROHIBIT, BLACKHOLE, UNREACHABLE, PROHIBIT6, ICMP6, ICMP6_EARLY, DEATHS };
static const struct {
	const char *name;
	int is_6, is_icmp, error;
} deaths[] = {
	[PROHIBIT] = { "prohibit", 0, 0, EACCES },     [BLACKHOLE] = { "blackhole", 0, 0, EINVAL },
	[UNREACHABLE] = { "unreachable", 0, 0, EHOSTUNREACH }, [PROHIBIT6] = { "prohibit", 1, 0, EACCES },
	[ICMP6] = { "ICMPv6", 1, 1, EACCES },          [ICMP6_EARLY] = { "an earlier ICMPv6", 1, 1, EACCES },
};

/* What dies: the input, an output that is full, or one that nothing is written to. */
enum role { INPUT, FULL_OUTPUT, SILENT_OUTPUT, ROLES };
static const char *const roles[] = { "input", "full output", "output beside a silent input" };

/* The other side. */
enum other { A_PIPE, A_FILE, A_UNIX, OTHERS };
static const char *const others[] = { "pipe", "file", "AF_UNIX socket" };

#define PLAIN T_ENGINES
struct scene {
	enum death death;
	enum role role;
	enum other other;
	int by; /* enum t_engine, or PLAIN */
	int nonblock;
	int reports; /* IP_RECVERR */
};

static int dying, peer;
static volatile sig_atomic_t sigpipes;

static void on_sigpipe(int signal)
{
	(void)signal;
	sigpipes++;
}

/* ---- A network of its own ---- */

static void enter_network(void)
{
	if (!t_own_network())
		t_skip("there are no network namespaces, or no ip(8)");
}

/* ---- The connection ---- */

static void connect6(int fds[2])
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET6, SOCK_STREAM, 0);

	MUST(listener >= 0 && (fds[0] = socket(AF_INET6, SOCK_STREAM, 0)) >= 0);
	MUST(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 1) == 0);
	MUST(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	MUST(connect(fds[0], (struct sockaddr *)&at, len) == 0 && (fds[1] = accept(listener, NULL, NULL)) >= 0);
	MUST(close(listener) == 0);
}

static void connect_pair(const struct scene *scene)
{
	int fds[2], on = 1, is_6 = deaths[scene->death].is_6, size = 32768;

	if (is_6)
		connect6(fds);
	else
		t_tcp_pair(fds, 0, 0);
	dying = fds[0];
	peer = fds[1];
	MUST(setsockopt(dying, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
	if (scene->reports)
		MUST(setsockopt(dying, is_6 ? IPPROTO_IPV6 : IPPROTO_IP, is_6 ? IPV6_RECVERR : IP_RECVERR, &on,
				sizeof on) == 0);
}

/* From here on the peer does not hear us. */
static void deafen(void)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop };

	MUST(setsockopt(peer, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
	MUST(send(dying, "unheard", 7, 0) == 7);
}

static int retransmissions(void)
{
	struct tcp_info info;
	socklen_t len = sizeof info;

	MUST(getsockopt(dying, IPPROTO_TCP, TCP_INFO, &info, &len) == 0);
	return info.tcpi_retransmits;
}

/* At its next retransmission the connection dies, of what it has met at one before. */
static void let_die(int before)
{
	unsigned int ms = 1;

	while (retransmissions() == before)
		t_sleep_ms(5);
	MUST(setsockopt(dying, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) == 0);
}

/* The sequence number of the oldest byte that is not acknowledged: what an ICMP message has to name. */
static uint32_t oldest_unacknowledged(void)
{
	int on = 1, off = -1, queue = 2 /* TCP_SEND_QUEUE */, held;
	uint32_t next;
	socklen_t len = sizeof next;

	MUST(setsockopt(dying, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0);
	MUST(setsockopt(dying, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) == 0);
	MUST(getsockopt(dying, IPPROTO_TCP, TCP_QUEUE_SEQ, &next, &len) == 0);
	MUST(ioctl(dying, TIOCOUTQ, &held) == 0);
	MUST(setsockopt(dying, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off) == 0);
	return next - (uint32_t)held;
}

/* "Administratively prohibited", as a firewall says it. */
static void send_icmp6(void)
{
	struct sockaddr_in6 ours, theirs, to = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof ours;
	struct {
		struct icmp6_hdr icmp;
		struct ip6_hdr ip;
		struct tcphdr tcp;
	} message;
	int raw = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);

	MUST(raw >= 0 && getsockname(dying, (struct sockaddr *)&ours, &len) == 0);
	MUST(getpeername(dying, (struct sockaddr *)&theirs, &len) == 0);
	memset(&message, 0, sizeof message);
	message.icmp.icmp6_type = ICMP6_DST_UNREACH;
	message.icmp.icmp6_code = ICMP6_DST_UNREACH_ADMIN;
	message.ip.ip6_vfc = 0x60;
	message.ip.ip6_plen = htons(sizeof message.tcp);
	message.ip.ip6_nxt = IPPROTO_TCP;
	message.ip.ip6_hlim = 64;
	message.ip.ip6_src = ours.sin6_addr;
	message.ip.ip6_dst = theirs.sin6_addr;
	message.tcp.source = ours.sin6_port;
	message.tcp.dest = theirs.sin6_port;
	message.tcp.seq = htonl(oldest_unacknowledged());
	message.tcp.doff = 5;
	to.sin6_addr = ours.sin6_addr;
	MUST(sendto(raw, &message, sizeof message, 0, (struct sockaddr *)&to, sizeof to) == sizeof message);
	MUST(close(raw) == 0);
}

static void *send_icmp6_later(void *argument)
{
	t_sleep_ms(150);
	send_icmp6();
	return argument;
}

static void kill_connection(const struct scene *scene)
{
	int is_6 = deaths[scene->death].is_6, before;
	char command[200];

	deafen();
	if (scene->role == FULL_OUTPUT)
		(void)t_fill_socket(dying);
	if (scene->reports && scene->death == ICMP6) {
		MUST(pthread_detach(t_thread(send_icmp6_later, NULL)) == 0);
		return;
	}
	/* Never without a route: that would be ENETUNREACH. */
	snprintf(command, sizeof command, is_6 ? "ip -6 route add %s ::1 table local && ip -6 route del local ::1 table local"
		 : "ip route replace %s 127.0.0.1 table local", deaths[scene->death].name);
	if (deaths[scene->death].is_icmp)
		send_icmp6();
	else
		MUST(system(command) == 0);
	before = retransmissions();
	if (!scene->reports || !deaths[scene->death].is_icmp)
		let_die(before);
}

/* ---- A scene ---- */

static int open_other(const struct scene *scene)
{
	static char bytes[30000];
	int fds[2], is_input = scene->role != INPUT;

	if (scene->other == A_FILE)
		return t_file(is_input ? 300000 : 0);
	if (scene->other == A_PIPE)
		MUST(pipe(fds) == 0);
	else
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	if (scene->role == FULL_OUTPUT)
		t_write(fds[1], bytes, sizeof bytes);
	return fds[!is_input];
}

static int64_t by_plain_loop(int in, int out)
{
	static char bytes[4096];
	ssize_t n, m;

	for (;;) {
		while ((n = read(in, bytes, sizeof bytes)) < 0 && errno == EAGAIN)
			MUST(poll(&(struct pollfd){ .fd = in, .events = POLLIN }, 1, -1) == 1);
		if (n <= 0)
			return n;
		while ((m = write(out, bytes, (size_t)n)) < 0 && errno == EAGAIN)
			MUST(poll(&(struct pollfd){ .fd = out, .events = POLLOUT }, 1, -1) == 1);
		if (m < 0)
			return -1;
	}
}

static void play(void *argument)
{
	const struct scene *scene = argument;
	struct zs_result result = { 0 };
	int other, in, out;
	int64_t returned;

	t_scene("%s as %s dies of %s, beside a %s, %s%s%s", deaths[scene->death].is_6 ? "IPv6" : "IPv4",
		roles[scene->role], deaths[scene->death].name, others[scene->other],
		scene->by == PLAIN ? "read and write" : t_engine_name((enum t_engine)scene->by),
		scene->nonblock ? ", O_NONBLOCK" : "", scene->reports ? ", IP_RECVERR" : "");
	enter_network();
	MUST(signal(SIGPIPE, on_sigpipe) != SIG_ERR);
	connect_pair(scene);
	other = open_other(scene);
	in = scene->role == INPUT ? dying : other;
	out = scene->role == INPUT ? other : dying;
	(void)t_null();
	kill_connection(scene);
	t_nonblock(in, scene->nonblock);
	t_nonblock(out, scene->nonblock);
	returned = scene->by == PLAIN ? by_plain_loop(in, out)
		: t_engine((enum t_engine)scene->by, in, NULL, out, ZS_TO_END, NULL, &result);
	if (!T_EQ(returned, -1))
		return;
	T_EQ(errno, deaths[scene->death].error);
	T_EQ(sigpipes, 0);
	if (scene->by == PLAIN)
		return;
	T_EQ(result.error, deaths[scene->death].error);
	T_EQ(result.bytes, 0);
	/* EHOSTUNREACH may be that of a file, too. */
	if (scene->death != UNREACHABLE || scene->other != A_FILE || result.side != 0)
		T_EQ(result.side, scene->role == INPUT ? ZS_SIDE_IN : ZS_SIDE_OUT);
}

static int makes_sense(const struct scene *scene)
{
	/* A loop would wait, and a relay sleeps in its caller's poll(2). */
	if (scene->role == SILENT_OUTPUT && (scene->by == PLAIN || scene->by == T_BY_RELAY || scene->other == A_FILE))
		return 0;
	/* ICMP alone ends no connection; it is told where somebody asked for that. */
	if (scene->death == ICMP6_EARLY && !scene->reports)
		return 0;
	return scene->by != T_BY_RELAY || scene->nonblock;
}

#define AT_ONCE 128

int main(void)
{
	pid_t children[AT_ONCE];
	int number = 0, running = 0, status, skipped = 0;

	for (int all = 0; all < DEATHS * ROLES * OTHERS * (PLAIN + 1) * 2 * 2; all++) {
		struct scene scene = {
			.reports = all % 2, .nonblock = all / 2 % 2, .by = all / 4 % (PLAIN + 1),
			.other = (enum other)(all / 4 / (PLAIN + 1) % OTHERS),
			.role = (enum role)(all / 4 / (PLAIN + 1) / OTHERS % ROLES),
			.death = (enum death)(all / 4 / (PLAIN + 1) / OTHERS / ROLES),
		};

		/* Some of them: those that wait for a retransmission take a second. */
		if (!makes_sense(&scene) || ((!deaths[scene.death].is_icmp || !scene.reports) && ++number % 7 != 0))
			continue;
		MUST((children[running] = fork()) >= 0);
		if (children[running++] == 0) {
			MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
			t_start_time_limit();
			play(&scene);
			_exit(t_done());
		}
		for (; running == AT_ONCE; running = 0)
			for (int i = 0; i < AT_ONCE; i++) {
				MUST(waitpid(children[i], &status, 0) == children[i]);
				skipped |= WIFEXITED(status) && WEXITSTATUS(status) == 77;
				OK(status == 0 || skipped);
			}
	}
	for (int i = 0; i < running; i++) {
		MUST(waitpid(children[i], &status, 0) == children[i]);
		skipped |= WIFEXITED(status) && WEXITSTATUS(status) == 77;
		OK(status == 0 || skipped);
	}
	if (skipped)
		t_skip("there are no network namespaces, or no ip(8)");
	return t_done();
}
