/* The proxies, each a process between a client and a server of its own, so that no process needs the
 * descriptors of more than one.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef RELAY_PROXIES_H
#define RELAY_PROXIES_H

#include <sys/resource.h>

#include "client.h"

enum { PROXIES = 16, PORT_ROOM = 8 };

/* One proxy, with its client and server. */
struct proxy {
	struct way way;
	const char *words[8]; /* "LISTEN" and "CONNECT" stand for addresses, "PORT" and "TO" for ports */
	bool is_for_many;     /* runs with many connections and small messages, too */
	const char *remedy;   /* what to install if it is missing */
	pid_t pid, client, server;
	int orders; /* to the client */
	char port[PORT_ROOM], to[PORT_ROOM];
	/* The same methods with other figures: CPU time, and the time of the slowest. */
	struct way cpu, median, slow;
};

static struct proxy *proxies[PROXIES];
static size_t how_many;
static rlim_t descriptors; /* limit of each process */

static const char *word_for(struct proxy *proxy, const char *word)
{
	static char text[8][128];
	static size_t next;
	char *made = text[next++ % COUNT(text)];

	if (strcmp(word, "PORT") == 0)
		return proxy->port;
	if (strcmp(word, "TO") == 0)
		return proxy->to;
	if (strcmp(word, "CONNECT") == 0)
		sprintf(made, "127.0.0.1:%s", proxy->to);
	else if (strcmp(word, "LISTEN") == 0)
		sprintf(made, "127.0.0.1:%s", proxy->port);
	else if (strcmp(word, "SOCAT-LISTEN") == 0)
		sprintf(made, "TCP4-LISTEN:%s,fork,reuseaddr,bind=127.0.0.1,backlog=4096,nodelay", proxy->port);
	else if (strcmp(word, "SOCAT-CONNECT") == 0)
		sprintf(made, "TCP4:127.0.0.1:%s,nodelay", proxy->to);
	else
		return word;
	return made;
}

/* HAProxy counts two descriptors for a connection, and half a one for pipes. */
static void configure_haproxy(const struct proxy *proxy, const char *name)
{
	FILE *file = fopen(name, "we");

	MUST(file != NULL);
	fprintf(file,
		"global\n nbthread 1\n maxconn %lu\n tune.pipesize 1048576\n"
		"defaults\n mode tcp\n timeout connect 5s\n timeout client 300s\n timeout server 300s\n%s"
		"listen all\n bind 127.0.0.1:%s backlog 4096\n server it 127.0.0.1:%s\n",
		(unsigned long)least(descriptors, 20000) * 3 / 10,
		strchr(name, '-') ? " option splice-request\n option splice-response\n" : "", proxy->port, proxy->to);
	MUST(fclose(file) == 0);
}

/* Debian packages the module separately; elsewhere it may be built in. */
static void configure_nginx(const struct proxy *proxy, const char *name)
{
	static const char module[] = "/usr/lib/nginx/modules/ngx_stream_module.so";
	FILE *file = fopen(name, "we");

	MUST(file != NULL);
	if (access(module, R_OK) == 0)
		fprintf(file, "load_module %s;\n", module);
	fprintf(file,
		"daemon off;\nmaster_process off;\nerror_log stderr crit;\npid nginx.pid;\n"
		"events { worker_connections %lu; }\n"
		"stream { access_log off; proxy_buffer_size 16k;\n"
		" server { listen 127.0.0.1:%s backlog=4096; proxy_pass 127.0.0.1:%s; } }\n",
		(unsigned long)least(descriptors, 20000) - 100, proxy->port, proxy->to);
	MUST(fclose(file) == 0);
}

static void run_proxy(struct proxy *proxy)
{
	const char *words[COUNT(proxy->words) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(proxy->words) && proxy->words[i]; i++)
		words[i] = word_for(proxy, proxy->words[i]);
	/* Its output goes to a log file. */
	dup2(open("relay.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666), STDERR_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(words[0], (char *const *)words);
	_exit(127);
}

static void write_down(char port[PORT_ROOM], const struct sockaddr_in *here)
{
	snprintf(port, PORT_ROOM, "%d", ntohs(here->sin_port));
}

static void launch(struct proxy *proxy)
{
	struct sockaddr_in here;

	close(listener(&here));
	write_down(proxy->port, &here);
	if (strcmp(proxy->words[0], "haproxy") == 0)
		configure_haproxy(proxy, proxy->words[3]);
	if (strcmp(proxy->words[0], "nginx") == 0)
		configure_nginx(proxy, proxy->words[4]);
	if ((proxy->pid = child()) == 0)
		run_proxy(proxy);
}

static bool starts(const struct proxy *proxy)
{
	int fd = -1;

	for (int i = 0; i < 200 && (fd = try(proxy->port)) < 0; i++)
		usleep(10000);
	if (fd >= 0)
		hang_up(fd);
	return fd >= 0;
}

static void start_server(struct proxy *proxy)
{
	struct sockaddr_in here;
	int listening = listener(&here);

	write_down(proxy->to, &here);
	if ((proxy->server = child()) == 0)
		serve(listening);
	close(listening);
}

static void start_client(struct proxy *proxy)
{
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	if ((proxy->client = child()) == 0)
		be_client(ends[1], proxy->port);
	close(ends[1]);
	proxy->orders = ends[0];
}

/* Gives the client a request, and waits until it is done. */
static bool tell(const struct proxy *proxy, struct order order)
{
	bool is_done;

	MUST(write(proxy->orders, &order, sizeof order) == (ssize_t)sizeof order);
	MUST(read(proxy->orders, &is_done, sizeof is_done) == (ssize_t)sizeof is_done);
	return is_done;
}

static void dismiss(struct proxy *proxy)
{
	pid_t pids[] = { proxy->pid, proxy->client, proxy->server };

	for (size_t i = 0; i < COUNT(pids); i++)
		if (pids[i])
			end(pids[i]);
	close(proxy->orders);
}

/* Starts a proxy, if it is installed, and tests it. Without `words` there is no proxy in between. */
static void enter(struct proxy *proxy)
{
	const char *why = NULL;

	if (proxy->words[0] && !found(proxy->words[0])) {
		missing(proxy->way.name, proxy->remedy ? proxy->remedy : "not installed, or not built");
		return;
	}
	start_server(proxy);
	strcpy(proxy->port, proxy->to);
	if (proxy->words[0])
		launch(proxy);
	start_client(proxy);
	if (!starts(proxy))
		why = "does not start: relay.log";
	else if (!tell(proxy, (struct order){ .what = PROVE }))
		why = "bytes are lost or changed";
	if (why) {
		missing(proxy->way.name, why);
		dismiss(proxy);
		return;
	}
	proxy->cpu.name = proxy->median.name = proxy->slow.name = proxy->way.name;
	MUST(how_many < PROXIES);
	proxies[how_many++] = proxy;
}

/* Stops the proxies that are no longer needed. */
static void keep(bool (*is_wanted)(const struct proxy *))
{
	size_t kept = 0;

	for (size_t i = 0; i < how_many; i++) {
		if (is_wanted(proxies[i]))
			proxies[kept++] = proxies[i];
		else
			dismiss(proxies[i]);
	}
	how_many = kept;
}

static double cpu_of(pid_t pid)
{
	clockid_t clock;

	/* 0 for a process that has just ended. */
	return clock_getcpuclockid(pid, &clock) == 0 ? bench_time(clock) : 0;
}

/* CPU time in ns of a process and of its children. */
static double cpu(const struct proxy *proxy)
{
	char name[64], text[4096] = "", *at = text;
	double sum = 0;
	FILE *file;

	if (proxy->pid == 0)
		return 0;
	sum = cpu_of(proxy->pid);
	sprintf(name, "/proc/%d/task/%d/children", proxy->pid, proxy->pid);
	if ((file = fopen(name, "re")) != NULL) {
		(void)!fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	for (pid_t pid; (pid = (pid_t)strtol(at, &at, 10)) > 0;)
		sum += cpu_of(pid);
	return sum;
}

#endif
