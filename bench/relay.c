/* zproxy beside other proxies, each between a client (this program) and a server (a child of it).
 *
 * The server sends back what it gets, or, after a first 'S', takes PORTION bytes at a time and answers each
 * with one. Whatever is sent back is compared on both sides; what is measured in bulk is only counted,
 * after each proxy has passed some megabytes that were compared.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "bench.h"
#include "ends.h"

enum { PROXIES = 12, MOST = 1000, PERIOD = 251, PIECE = 64 << 10, PORTION = 256 * MiB, PROOF = 16 * MiB, LOT = 256 << 10,
       SENT = 4 * MiB /* again and again: it is not the memory that is measured */ };

/* Who runs, and where. */
struct proxy {
	struct way way;
	const char *words[8]; /* "LISTEN" and "CONNECT" stand for addresses, "PORT" and "TO" for ports */
	bool is_for_many;     /* also for many connections, and small messages */
	bool is_told_of_more; /* CPU time and latency of those, too */
	const char *p99;      /* what our p99 is to be of its */
	pid_t pid;
	char port[8];
	int *fds; /* what is open through it */
	/* The same ways with other figures: CPU time, and how long the slowest took. */
	struct way cpu, median, slow;
};

static char pattern[PIECE + PERIOD];
static char server_port[8], server_name[32];
static int memory;
static struct proxy *proxies[PROXIES];
static size_t how_many;

/* The server */

struct peer {
	bool is_known, is_sink;
	size_t at;
};

/* Sleeping and waking for every segment would be what is measured: woken for LOT bytes. */
static void take_portion(int fd)
{
	int lot = LOT;
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &lot, sizeof lot);
	for (size_t len = PORTION; len > 0; len -= (size_t)got) {
		if (len < 2 * LOT && lot > 1) {
			lot = 1;
			setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &lot, sizeof lot);
		}
		if ((got = recv(fd, NULL, least(len, MiB), MSG_TRUNC)) <= 0)
			return;
	}
	(void)!write(fd, "", 1);
}

/* Whether there may be more. */
static bool answer(int fd, struct peer *peer)
{
	static char buffer[PIECE];
	ssize_t got, put;

	if (!peer->is_known) {
		if (read(fd, buffer, 1) != 1)
			return false;
		peer->is_known = true;
		peer->is_sink = *buffer == 'S';
		return true;
	}
	if (peer->is_sink) {
		char byte;

		if (recv(fd, &byte, 1, MSG_PEEK) != 1)
			return false;
		take_portion(fd);
		return true;
	}
	if ((got = read(fd, buffer, sizeof buffer)) <= 0)
		return false;
	MUST(memcmp(buffer, pattern + peer->at % PERIOD, (size_t)got) == 0);
	peer->at += (size_t)got;
	for (ssize_t done = 0; done < got; done += put)
		if ((put = send(fd, buffer + done, (size_t)(got - done), MSG_NOSIGNAL)) <= 0)
			return false;
	return true;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void serve(int listening)
{
	static struct peer peers[20000];
	struct epoll_event events[256];
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	watch(epoll, listening);
	for (;;) {
		int count = epoll_wait(epoll, events, COUNT(events), -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == listening) {
				MUST((fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC)) >= 0 && fd < (int)COUNT(peers));
				peers[fd] = (struct peer){ 0 };
				watch(epoll, fd);
			} else if (!answer(fd, &peers[fd])) {
				close(fd);
			}
		}
	}
}

/* The client */

static int try(const char *port)
{
	struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(port)) };
	int on = 1, room = ROOM, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	MUST(fd >= 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
		return fd;
	close(fd);
	return -1;
}

static int call(const struct proxy *proxy, const char *kind)
{
	int fd = try(proxy->port);

	MUST(fd >= 0 && write(fd, kind, 1) == 1);
	return fd;
}

/* No port is to wait for a minute because of us. */
static void hang_up(int fd)
{
	static const struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(fd);
}

/* Whether all of PROOF bytes go there and come back as they were, both ways at once. */
static bool proves(const struct proxy *proxy)
{
	static char buffer[PIECE];
	size_t sent = 0, got = 0;
	struct pollfd poll_it = { .fd = call(proxy, "E") };
	bool same = true;

	while (same && got < PROOF) {
		ssize_t count;

		poll_it.events = sent < PROOF ? POLLIN | POLLOUT : POLLIN;
		if (poll(&poll_it, 1, 5000) != 1)
			break;
		if (poll_it.revents & POLLOUT) {
			size_t len = least(PIECE, PROOF - sent);

			count = send(poll_it.fd, pattern + sent % PERIOD, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			sent += count > 0 ? (size_t)count : 0;
		}
		if (poll_it.revents & ~POLLOUT) {
			if ((count = recv(poll_it.fd, buffer, sizeof buffer, MSG_DONTWAIT)) <= 0)
				break;
			same = memcmp(buffer, pattern + got % PERIOD, (size_t)count) == 0;
			got += (size_t)count;
		}
	}
	hang_up(poll_it.fd);
	return same && got == PROOF;
}

/* Proxies */

static const char *word_for(struct proxy *proxy, const char *word)
{
	static char text[8][128];
	static size_t next;
	char *made = text[next++ % COUNT(text)];

	if (strcmp(word, "PORT") == 0)
		return proxy->port;
	if (strcmp(word, "TO") == 0)
		return server_port;
	if (strcmp(word, "CONNECT") == 0)
		return server_name;
	if (strcmp(word, "LISTEN") == 0)
		sprintf(made, "127.0.0.1:%s", proxy->port);
	else if (strcmp(word, "SOCAT-LISTEN") == 0)
		sprintf(made, "TCP4-LISTEN:%s,fork,reuseaddr,bind=127.0.0.1,backlog=4096,nodelay", proxy->port);
	else if (strcmp(word, "SOCAT-CONNECT") == 0)
		sprintf(made, "TCP4:%s,nodelay", server_name);
	else
		return word;
	return made;
}

static void configure_haproxy(const char *name, const char *port, const char *options)
{
	FILE *file = fopen(name, "we");

	MUST(file != NULL);
	fprintf(file,
		"global\n nbthread 1\n maxconn 4000\n tune.pipesize 1048576\n"
		"defaults\n mode tcp\n timeout connect 5s\n timeout client 300s\n timeout server 300s\n%s"
		"listen all\n bind 127.0.0.1:%s\n server it %s\n", options, port, server_name);
	MUST(fclose(file) == 0);
}

static void configure_nginx(const char *name, const char *port)
{
	static const char module[] = "/usr/lib/nginx/modules/ngx_stream_module.so";
	FILE *file = fopen(name, "we");

	MUST(file != NULL);
	fprintf(file,
		"%s%s%sdaemon off;\nmaster_process off;\nerror_log /dev/null;\npid nginx.pid;\n"
		"events { worker_connections 8000; }\n"
		"stream { access_log off; proxy_buffer_size 16k;\n"
		" server { listen 127.0.0.1:%s backlog=4096; proxy_pass %s; } }\n",
		access(module, R_OK) == 0 ? "load_module " : "", access(module, R_OK) == 0 ? module : "",
		access(module, R_OK) == 0 ? ";\n" : "", port, server_name);
	MUST(fclose(file) == 0);
}

static void launch(struct proxy *proxy)
{
	const char *words[COUNT(proxy->words) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(proxy->words) && proxy->words[i]; i++)
		words[i] = word_for(proxy, proxy->words[i]);
	if ((proxy->pid = child()) != 0)
		return;
	/* What it says is kept, not shown: nobody asked. */
	dup2(open("relay.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), STDERR_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(words[0], (char *const *)words);
	_exit(127);
}

static void stop(struct proxy *proxy)
{
	kill(proxy->pid, SIGKILL);
	waitpid(proxy->pid, NULL, 0);
}

/* Starts it, if it is there, and has it prove itself. */
static void enter(struct proxy *proxy)
{
	struct sockaddr_in here;
	int fd = -1;

	if (!found(proxy->words[0])) {
		missing(proxy->way.name, "not installed, or not built");
		return;
	}
	close(listener(&here));
	sprintf(proxy->port, "%d", ntohs(here.sin_port));
	if (strcmp(proxy->words[0], "haproxy") == 0)
		configure_haproxy(proxy->words[3], proxy->port, strchr(proxy->words[3], '-')
			? " option splice-request\n option splice-response\n" : "");
	if (strcmp(proxy->words[0], "nginx") == 0)
		configure_nginx("nginx.conf", proxy->port);
	launch(proxy);
	for (int i = 0; i < 200 && (fd = try(proxy->port)) < 0; i++)
		usleep(10000);
	if (fd >= 0)
		hang_up(fd);
	if (fd < 0 || !proves(proxy)) {
		missing(proxy->way.name, fd < 0 ? "does not start, see relay.log" : "bytes are lost or changed");
		stop(proxy);
		return;
	}
	proxy->cpu.name = proxy->median.name = proxy->slow.name = proxy->way.name;
	MUST(how_many < PROXIES);
	proxies[how_many++] = proxy;
}

static struct proxy *current(void)
{
	for (size_t i = 0; i < how_many; i++)
		if (strcmp(proxies[i]->way.name, bench_way->name) == 0)
			return proxies[i];
	MUST(!"a proxy");
	return NULL;
}

static double cpu_of(pid_t pid)
{
	clockid_t clock;

	/* One that has just ended has used no more. */
	return clock_getcpuclockid(pid, &clock) == 0 ? bench_time(clock) : 0;
}

/* Its own, in ns, and that of those it has started. */
static double cpu(const struct proxy *proxy)
{
	char name[64], text[4096] = "", *at = text;
	double sum = cpu_of(proxy->pid);
	FILE *file;

	sprintf(name, "/proc/%d/task/%d/children", proxy->pid, proxy->pid);
	if ((file = fopen(name, "re")) != NULL) {
		(void)!fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	for (pid_t pid; (pid = (pid_t)strtol(at, &at, 10)) > 0;)
		sum += cpu_of(pid);
	return sum;
}

/* Bulk */

static double cpu_before;
static size_t row_round;

static void bulk(unsigned int times)
{
	struct proxy *proxy = current();
	char byte;

	(void)times;
	cpu_before = proxy->pid ? cpu(proxy) : 0;
	for (int i = 0; i < PORTION / SENT; i++)
		for (off_t at = 0; at < SENT;)
			MUST(sendfile(*proxy->fds, memory, &at, (size_t)(SENT - at)) > 0);
	MUST(read(*proxy->fds, &byte, 1) == 1);
}

static struct way *figures(struct way *way)
{
	if (way->took == NULL)
		MUST((way->took = calloc(ROUNDS_MAX, sizeof *way->took)) != NULL);
	return way;
}

/* Per GiB, in seconds. */
static void after_bulk(void)
{
	struct proxy *proxy = current();

	if (proxy->pid)
		figures(&proxy->cpu)->took[row_round / how_many] = (cpu(proxy) - cpu_before) * 1e-9 * (1 << 30) / PORTION;
	row_round++;
}

static void open_all(int count, const char *kind)
{
	for (size_t i = 0; i < how_many; i++) {
		proxies[i]->fds = calloc((size_t)count, sizeof *proxies[i]->fds);
		for (int j = 0; j < count; j++)
			proxies[i]->fds[j] = call(proxies[i], kind);
	}
}

static void close_all(int count)
{
	for (size_t i = 0; i < how_many; i++) {
		for (int j = 0; j < count; j++)
			hang_up(proxies[i]->fds[j]);
		free(proxies[i]->fds);
	}
}

/* The ways that are measured, zproxy's first, and where each has gone. */
static struct way ways[PROXIES];

static void measure(struct job job, double seconds)
{
	for (size_t i = 0; i < how_many; i++)
		ways[i] = proxies[i]->way;
	row_round = 0;
	interleave(ways, how_many, job, seconds);
	for (size_t i = 0; i < how_many; i++) {
		struct way *others[] = { &proxies[i]->cpu, &proxies[i]->median, &proxies[i]->slow };

		proxies[i]->way = ways[i];
		for (size_t j = 0; j < COUNT(others); j++)
			if (others[j]->took)
				others[j]->median = bench_quantile(others[j]->took, bench_rounds, 0.5);
	}
}

struct goal {
	const char *name, *goal;
};

static const char *goal_for(const struct goal *goals, const char *name)
{
	for (; goals->name; goals++)
		if (strncmp(goals->name, name, strlen(goals->name)) == 0)
			return goals->goal;
	return "-";
}

static void in_bulk(void)
{
	static const struct goal goals[] = { { "no proxy", ">= 0.85" }, { "HAProxy, splicing", ">= 1.0" },
					     { "Go", ">= 1.7" }, { "Rust", ">= 5" }, { NULL, NULL } };
	struct job job = { .times = 1, .bytes = PORTION, .after = after_bulk, .rounds = 9 };
	struct job seconds = { .times = 1, .unit = "s/GiB" };

	for (size_t i = 0; i < how_many; i++)
		proxies[i]->way.run = bulk;
	open_all(1, "S");
	measure(job, 15);
	close_all(1);
	for (size_t i = 1; i < how_many; i++)
		compare("1 connection", &proxies[0]->way, &proxies[i]->way, job, goal_for(goals, proxies[i]->way.name));
	for (size_t i = 1; i < how_many; i++)
		if (proxies[i]->pid)
			compare("1 connection, CPU", &proxies[0]->cpu, &proxies[i]->cpu, seconds, "-");
}

/* Exchanges: every connection has always one request under way. */

static int connections;
static size_t message;
static double *began, *lasted; /* by descriptor, by exchange */
static size_t *told;           /* by descriptor: how far both have come */

static void ask(int fd)
{
	began[fd] = bench_now();
	MUST(send(fd, pattern + told[fd] % PERIOD, message, MSG_NOSIGNAL) == (ssize_t)message);
}

static void hear(int fd)
{
	static char buffer[PIECE];

	MUST(recv(fd, buffer, message, MSG_WAITALL) == (ssize_t)message);
	MUST(memcmp(buffer, pattern + told[fd] % PERIOD, message) == 0);
	told[fd] += message;
}

static void exchange(unsigned int times)
{
	struct proxy *proxy = current();
	struct epoll_event events[256];
	unsigned int asked = 0, heard = 0;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	cpu_before = cpu(proxy);
	for (int i = 0; i < connections; i++)
		watch(epoll, proxy->fds[i]);
	for (int i = 0; i < connections && asked < times; i++, asked++)
		ask(proxy->fds[i]);
	while (heard < times) {
		int count = epoll_wait(epoll, events, COUNT(events), 10000);

		MUST(count > 0);
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			hear(fd);
			lasted[heard++] = bench_now() - began[fd];
			if (asked < times) {
				ask(fd);
				asked++;
			}
		}
	}
	close(epoll);
}

static unsigned int exchanges;

static void after_exchange(void)
{
	struct proxy *proxy = current();
	size_t round = row_round++ / how_many;

	figures(&proxy->cpu)->took[round] = (cpu(proxy) - cpu_before) * 1e-3 / exchanges;
	figures(&proxy->median)->took[round] = bench_quantile(lasted, exchanges, 0.5) * 1e-3;
	figures(&proxy->slow)->took[round] = bench_quantile(lasted, exchanges, 0.99) * 1e-3;
}

static void in_messages(void)
{
	static const struct goal goals[] = { { "by hand, read", ">= 1.0" }, { "HAProxy, read", ">= 1.15" },
					     { "HAProxy, splicing", ">= 1.15" }, { "Go", ">= 1.25" }, { NULL, NULL } };
	struct job job = { .is_rate = 1, .after = after_exchange, .rounds = 7 }, times = { .unit = "us" };
	char what[64];

	job.times = exchanges = connections == 1 ? 2000 : 6000;
	snprintf(what, sizeof what, "%d x %zu B", connections, message);
	for (size_t i = 0; i < how_many; i++)
		proxies[i]->way.run = exchange;
	measure(job, 4);
	for (size_t i = 1; i < how_many; i++)
		compare(what, &proxies[0]->way, &proxies[i]->way, job, goal_for(goals, proxies[i]->way.name));
	for (size_t i = 1; i < how_many; i++) {
		const struct proxy *ours = proxies[0], *other = proxies[i];

		if (!other->is_told_of_more)
			continue;
		snprintf(what, sizeof what, "%d x %zu B, CPU", connections, message);
		compare(what, &ours->cpu, &other->cpu, times, "-");
		snprintf(what, sizeof what, "%d x %zu B, p50", connections, message);
		compare(what, &ours->median, &other->median, times, "-");
		snprintf(what, sizeof what, "%d x %zu B, p99", connections, message);
		compare(what, &ours->slow, &other->slow, times, connections < MOST ? "-" : other->p99);
	}
}

static void with(int count)
{
	connections = count;
	open_all(count, "E");
	memset(told, 0, 20000 * sizeof *told);
	message = 64;
	in_messages();
	message = 1024;
	in_messages();
	close_all(count);
}

/* Not all can hold a thousand connections, or are worth the time: those are sent away. */
static void keep(bool (*is_wanted)(const struct proxy *))
{
	size_t kept = 0;

	for (size_t i = 0; i < how_many; i++) {
		if (is_wanted(proxies[i]))
			proxies[kept++] = proxies[i];
		else if (proxies[i]->pid)
			stop(proxies[i]);
	}
	how_many = kept;
}

static bool is_for_many(const struct proxy *proxy)
{
	return proxy->is_for_many;
}

static bool is_for_none(const struct proxy *proxy)
{
	(void)proxy;
	return false;
}

int main(void)
{
	static struct proxy all[] = {
		{ .way.name = "zproxy", .words = { "./zproxy", "LISTEN", "CONNECT" }, .is_for_many = true },
		{ .way.name = "by hand, splice 1M", .words = { "./relay-hand", "splice", "1048576", "PORT", "TO" } },
		{ .way.name = "by hand, read 64K", .words = { "./relay-hand", "buffer", "65536", "PORT", "TO" },
		  .is_for_many = true, .is_told_of_more = true, .p99 = "-" },
		{ .way.name = "by hand, read 256K", .words = { "./relay-hand", "buffer", "262144", "PORT", "TO" } },
		{ .way.name = "HAProxy, splicing", .words = { "haproxy", "-db", "-f", "haproxy-splice.cfg" },
		  .is_for_many = true },
		{ .way.name = "HAProxy, read/write", .words = { "haproxy", "-db", "-f", "haproxy.cfg" },
		  .is_for_many = true, .is_told_of_more = true, .p99 = "<= 1.0" },
		{ .way.name = "nginx stream", .words = { "nginx", "-p", ".", "-c", "nginx.conf" }, .is_for_many = true },
		{ .way.name = "socat 256K", .words = { "socat", "-b", "262144", "SOCAT-LISTEN", "SOCAT-CONNECT" } },
		{ .way.name = "Go, io.Copy", .words = { "./relay-go", "LISTEN", "CONNECT" }, .is_for_many = true },
		{ .way.name = "Rust, io::copy", .words = { "./relay-rust", "LISTEN", "CONNECT" } },
	};
	static struct proxy none = { .way.name = "no proxy" };
	struct sockaddr_in here;
	struct rlimit files;
	int listening;
	pid_t server;

	MUST(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &files) == 0);
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)(i % PERIOD);
	own_network();
	listening = listener(&here);
	sprintf(server_port, "%d", ntohs(here.sin_port));
	sprintf(server_name, "127.0.0.1:%s", server_port);
	if ((server = child()) == 0)
		serve(listening);
	close(listening);
	memory = file_of(memfd_create("memory", MFD_CLOEXEC), SENT);
	began = calloc(20000, sizeof *began);
	told = calloc(20000, sizeof *told);
	lasted = calloc(20000, sizeof *lasted);
	MUST(began && told && lasted);

	for (size_t i = 0; i < COUNT(all); i++)
		enter(&all[i]);
	MUST(how_many > 0 && proxies[0] == &all[0]);
	none.cpu.name = none.way.name;
	strcpy(none.port, server_port);
	proxies[how_many++] = &none;
	heading("256 MiB through one connection");
	in_bulk();

	keep(is_for_many);
	heading("small requests and their answers, all connections at once");
	with(1);
	with(100);
	if (files.rlim_cur >= 20000)
		with(MOST);
	else
		missing("1,000 connections", "no 20,000 descriptors");
	keep(is_for_none);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	unlink("relay.log");
	unlink("haproxy.cfg");
	unlink("haproxy-splice.cfg");
	unlink("nginx.conf");
	unlink("nginx.pid");
	return 0;
}
