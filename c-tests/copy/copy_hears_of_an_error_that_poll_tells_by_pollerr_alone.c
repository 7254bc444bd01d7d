/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With IP_RECVERR a connection that lives on reports what ICMP says of it: POLLERR alone, as for a message in its error
 * queue, and write(2) fails. A copy and a fan-out that wait for room fail with that errno. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#define LEN (4 << 20)

struct victim {
	int fd;
	uint32_t next;  /* the sequence number of its next byte, when nothing was sent yet */
	uint64_t acked; /* what had been acknowledged then */
};

/* How many of its bytes have been acknowledged. (The C library does not know that field.) */
static uint64_t acked(int fd)
{
	struct { struct tcp_info known; uint64_t rates[2], acked; } info;
	socklen_t len = sizeof info;

	MUST(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && len == sizeof info);
	return info.acked;
}

static struct victim victim(int fd)
{
	struct victim it = { .fd = fd };
	int on = 1, off = TCP_REPAIR_OFF_NO_WP, queue = TCP_SEND_QUEUE;
	socklen_t len = sizeof it.next;

	MUST(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0);
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0)
		t_skip("TCP_REPAIR is not allowed here");
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof queue) == 0);
	MUST(getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, &it.next, &len) == 0);
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &off, sizeof off) == 0);
	it.acked = acked(fd);
	return it;
}

/* An ICMP message that a firewall may send: communication administratively prohibited. */
static void *prohibits(void *argument)
{
	struct { struct icmphdr icmp; struct iphdr ip; struct tcphdr tcp; } __attribute__((packed)) message;
	const struct victim *it = argument;
	struct sockaddr_in here, there;
	socklen_t len = sizeof here;
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	uint32_t sum = 0;
	uint16_t word;

	MUST(raw >= 0 && getsockname(it->fd, (void *)&here, &len) == 0 && getpeername(it->fd, (void *)&there, &len) == 0);
	t_sleep_ms(100);
	memset(&message, 0, sizeof message);
	message.icmp.type = ICMP_DEST_UNREACH;
	message.icmp.code = ICMP_PKT_FILTERED;
	message.ip.version = 4;
	message.ip.ihl = 5;
	message.ip.tot_len = htons(40);
	message.ip.ttl = 64;
	message.ip.protocol = IPPROTO_TCP;
	message.ip.saddr = here.sin_addr.s_addr;
	message.ip.daddr = there.sin_addr.s_addr;
	message.tcp.source = here.sin_port;
	message.tcp.dest = there.sin_port;
	message.tcp.doff = 5;
	message.tcp.seq = htonl(it->next + (uint32_t)(acked(it->fd) - it->acked));
	for (size_t i = 0; i < sizeof message; i += 2) {
		memcpy(&word, (char *)&message + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	message.icmp.checksum = (uint16_t)~(sum + (sum >> 16));
	MUST(sendto(raw, &message, sizeof message, 0, (void *)&here, sizeof here) == sizeof message);
	MUST(close(raw) == 0);
	return NULL;
}

static void hears(int nonblock, uint32_t avoid, int fans)
{
	struct zs_options options = { .avoid = avoid, .timeout_ns = T_MS(10000), .flags = ZS_NOSIGPIPE };
	struct zs_result results[2] = { t_unwritten(), t_unwritten() };
	int in = t_file(LEN), file = t_file(0), tcp[2];
	struct victim it;
	pthread_t thread;

	t_scene("nonblock %d, avoiding %s, %s", nonblock, t_via_words(avoid), fans ? "zs_fanout" : "zs_copy");
	t_tcp_pair(tcp, 32768, 32768);
	t_nonblock(tcp[0], nonblock);
	it = victim(tcp[0]);
	thread = t_thread(prohibits, &it);
	if (fans)
		T_EQ(zs_fanout(in, NULL, (int[]){ tcp[0], file }, 2, ZS_TO_END, &options, results), -1);
	else
		T_EQ(zs_copy(in, NULL, tcp[0], NULL, ZS_TO_END, &options, results), -1);
	T_EQ(errno, EHOSTUNREACH);
	T_EQ(results[0].error, EHOSTUNREACH);
	/* sendfile(2) does not tell; a network file system has that errno, too. */
	OK(results[0].side == ZS_SIDE_OUT || (results[0].side == 0 && nonblock && !avoid && !fans));
	t_join(thread);
	OK(t_gives_pattern(tcp[1], results[0].bytes, 0));
	MUST(close(in) == 0 && close(file) == 0);
	t_close2(tcp);
}

int main(void)
{
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

	if (raw < 0)
		t_skip("raw sockets are not allowed here");
	MUST(close(raw) == 0);
	for (int i = 0; i < 8; i++)
		hears(i & 1, i & 2 ? T_ALL_VIA & ~ZS_VIA_READ_WRITE : 0, i >> 2);
	return t_done();
}
