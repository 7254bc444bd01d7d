/* zproxy compared with other proxies: bulk through one connection, messages through up to 5,000.
 *
 * Both sides compare all messages. Measured bulk is only counted, after each proxy has passed some
 * megabytes that were compared. The parts are in relay/.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/proxies.h"

struct goal {
	const char *name, *goal;
};

static struct proxy all[] = {
	{ .way.name = "zproxy", .words = { "./zproxy", "LISTEN", "CONNECT" }, .is_for_many = true },
	{ .way.name = "by hand, splice 1M", .words = { "./relay-hand", "splice", "1048576", "PORT", "TO" } },
	{ .way.name = "by hand, read 64K", .words = { "./relay-hand", "buffer", "65536", "PORT", "TO" },
	  .is_for_many = true },
	{ .way.name = "by hand, read 256K", .words = { "./relay-hand", "buffer", "262144", "PORT", "TO" } },
	{ .way.name = "HAProxy, splicing", .words = { "haproxy", "-db", "-f", "haproxy-splice.cfg" },
	  .is_for_many = true },
	{ .way.name = "HAProxy, read/write", .words = { "haproxy", "-db", "-f", "haproxy.cfg" }, .is_for_many = true },
	{ .way.name = "nginx stream", .words = { "nginx", "-p", ".", "-c", "nginx.conf" }, .is_for_many = true },
	{ .way.name = "socat 256K", .words = { "socat", "-b", "262144", "SOCAT-LISTEN", "SOCAT-CONNECT" } },
	{ .way.name = "Go, io.Copy", .words = { "./relay-go", "LISTEN", "CONNECT" }, .is_for_many = true },
	{ .way.name = "Rust, io::copy", .words = { "./relay-rust", "LISTEN", "CONNECT" } },
	{ .way.name = "tokio", .words = { "./relay-tokio", "LISTEN", "CONNECT" }, .is_for_many = true,
	  .remedy = "not built: bench/README.md says what it needs" },
	{ .way.name = "tokio-splice2", .words = { "./relay-tokio", "LISTEN", "CONNECT", "splice" },
	  .is_for_many = true, .remedy = "not built: bench/README.md says what it needs" },
	{ .way.name = "no proxy", .is_for_many = true },
};

static struct proxy *current(void)
{
	for (size_t i = 0; i < how_many; i++)
		if (strcmp(proxies[i]->way.name, bench_way->name) == 0)
			return proxies[i];
	MUST(!"a proxy");
	return NULL;
}

static const char *goal_for(const struct goal *goals, const char *name)
{
	for (; goals->name; goals++)
		if (strncmp(goals->name, name, strlen(goals->name)) == 0)
			return goals->goal;
	return "-";
}

/* Measured besides the time: before a proxy's turn, and after it. */

static double cpu_before;
static size_t turns;

static void before(void)
{
	cpu_before = cpu(current());
}

static void note(struct way *way, double figure)
{
	if (way->took == NULL)
		MUST((way->took = calloc(ROUNDS_MAX, sizeof *way->took)) != NULL);
	way->took[turns / how_many] = figure;
}

static void measure(void (*run)(unsigned int), struct job job, double seconds)
{
	static struct way ways[PROXIES];

	for (size_t i = 0; i < how_many; i++) {
		proxies[i]->way.run = run;
		ways[i] = proxies[i]->way;
	}
	turns = 0;
	interleave(ways, how_many, job, seconds);
	for (size_t i = 0; i < how_many; i++) {
		struct way *others[] = { &proxies[i]->cpu, &proxies[i]->median, &proxies[i]->slow };

		proxies[i]->way = ways[i];
		for (size_t j = 0; j < COUNT(others); j++)
			if (others[j]->took)
				others[j]->median = bench_quantile(others[j]->took, bench_rounds, 0.5);
	}
}

static bool holds(const struct proxy *proxy)
{
	return proxy->client != 0;
}

/* Opens `count` connections through each proxy. Stops a proxy that cannot hold so many. */
static void open_all(unsigned int count, char kind)
{
	static char what[64];

	for (size_t i = 0; i < how_many; i++) {
		if (tell(proxies[i], (struct order){ .what = OPEN, .count = count, .kind = kind }))
			continue;
		snprintf(what, sizeof what, "%s, %u connections", proxies[i]->way.name, count);
		missing(what, "more than it can hold: relay.log");
		end(proxies[i]->client);
		proxies[i]->client = 0;
	}
	keep(holds);
	MUST(how_many > 0 && proxies[0] == all);
}

static void close_all(void)
{
	for (size_t i = 0; i < how_many; i++)
		MUST(tell(proxies[i], (struct order){ .what = CLOSE }));
}

/* Bulk */

static void bulk(unsigned int times)
{
	(void)times;
	MUST(tell(current(), (struct order){ .what = SEND }));
}

/* CPU time per GiB, in seconds. */
static void after_bulk(void)
{
	struct proxy *proxy = current();

	note(&proxy->cpu, (cpu(proxy) - cpu_before) * 1e-9 * (1 << 30) / PORTION);
	turns++;
}

static void in_bulk(void)
{
	static const struct goal goals[] = { { "no proxy", ">= 0.90" }, { "by hand, splice", ">= 0.98" }, { "HAProxy, splicing", ">= 1.0" },
					     { "Go", ">= 1.7" }, { "Rust", ">= 5" }, { "tokio-splice2", ">= 1.0" }, { "tokio", ">= 5" }, { 0 } };
	struct job job = { .times = 1, .bytes = PORTION, .before = before, .after = after_bulk, .rounds = 9 };
	struct job seconds = { .times = 1, .unit = "s/GiB" };

	open_all(1, SINK);
	measure(bulk, job, 10);
	close_all();
	for (size_t i = 1; i < how_many; i++)
		compare("1 connection", &all->way, &proxies[i]->way, job, goal_for(goals, proxies[i]->way.name));
	for (size_t i = 1; i < how_many; i++)
		if (proxies[i]->pid)
			compare("1 connection, CPU", &all->cpu, &proxies[i]->cpu, seconds, "-");
}

/* Exchanges */

static const struct goal few[] = { { "by hand", ">= 1.0" }, { "HAProxy", ">= 1.15" }, { "Go", ">= 1.25" }, { 0 } };
static const struct goal many[] = { { "HAProxy", ">= 1.0" }, { 0 } };
static const struct goal none[] = { { 0 } };
static const struct goal slowest[] = { { "HAProxy", "<= 1.0" }, { 0 } };

/* `count` connections at once, with messages of one size or, for 0, a mix. */
static const struct row {
	unsigned int connections;
	size_t message;
	const char *name;
	unsigned int exchanges;
	const struct goal *goals, *p99;
} rows[] = {
	{ 1, 64, "1 x 64 B", 2000, few, none },
	{ 1, 1024, "1 x 1 KiB", 2000, few, none },
	{ 1, 4096, "1 x 4 KiB", 1000, many, none },
	{ 1, 16 << 10, "1 x 16 KiB", 500, many, none },
	{ 1, 64 << 10, "1 x 64 KiB", 300, many, none },
	{ 1, 256 << 10, "1 x 256 KiB", 200, many, none },
	{ 10, 64, "10 x 64 B", 2000, few, none },
	{ 100, 64, "100 x 64 B", 5000, few, none },
	{ 100, 1024, "100 x 1 KiB", 5000, few, none },
	{ 1000, 64, "1000 x 64 B", 5000, few, slowest },
	{ 1000, 1024, "1000 x 1 KiB", 5000, few, slowest },
	{ 1000, 0, "1000 x mixed", 5000, many, slowest },
	{ 5000, 64, "5000 x 64 B", 5000, many, slowest },
	{ 5000, 0, "5000 x mixed", 5000, many, slowest },
};

static uint64_t seed;

static size_t any(size_t from, size_t to)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return from + seed % (to - from + 1);
}

/* The same for all proxies and runs: most are short, one in twenty has 16 to 256 KiB. */
static size_t mixed(void)
{
	return any(1, 20) == 1 ? any(16 << 10, LARGEST) : any(64, 1024);
}

static void exchanging(unsigned int times)
{
	MUST(tell(current(), (struct order){ .what = EXCHANGE, .count = times }));
}

static unsigned int exchanges;

static void after_exchange(void)
{
	struct proxy *proxy = current();

	note(&proxy->cpu, (cpu(proxy) - cpu_before) * 1e-3 / exchanges);
	note(&proxy->median, bench_quantile(board->lasted, exchanges, 0.5) * 1e-3);
	note(&proxy->slow, bench_quantile(board->lasted, exchanges, 0.99) * 1e-3);
	turns++;
}

/* Throughput against size, with one connection; CPU time against connections, with small messages. */
static void plot(const struct row *row, const struct proxy *proxy)
{
	if (row->connections == 1)
		point("message", proxy->way.name, (double)row->message,
		      (double)row->message / proxy->way.median * 1e9 / (1 << 20));
	if (row->message == 64 && proxy->pid)
		point("connections", proxy->way.name, row->connections, proxy->cpu.median);
}

static void tell_of(const struct row *row, struct job job)
{
	struct job time = { .unit = "us" };
	char slow[64];

	for (size_t i = 1; i < how_many; i++)
		compare(row->name, &all->way, &proxies[i]->way, job, goal_for(row->goals, proxies[i]->way.name));
	snprintf(slow, sizeof slow, "%s, p99", row->name);
	for (size_t i = 1; i < how_many; i++) {
		const char *goal = goal_for(row->p99, proxies[i]->way.name);

		if (strcmp(goal, "-") != 0)
			compare(slow, &all->slow, &proxies[i]->slow, time, goal);
	}
	for (size_t i = 0; i < how_many; i++) {
		const struct proxy *proxy = proxies[i];

		figure("thousand exchanges a second", proxy->way.name, row->name, 1e6 / proxy->way.median);
		if (proxy->pid)
			figure("CPU us of the proxy, an exchange", proxy->way.name, row->name, proxy->cpu.median);
		figure("p50, us", proxy->way.name, row->name, proxy->median.median);
		figure("p99, us", proxy->way.name, row->name, proxy->slow.median);
		plot(row, proxy);
	}
}

static void in_messages(const struct row *row)
{
	struct job job = { .times = row->exchanges, .is_rate = 1, .before = before, .after = after_exchange, .rounds = 7 };

	seed = 1;
	for (size_t i = 0; i < EXCHANGES; i++)
		board->sizes[i] = row->message ? row->message : mixed();
	exchanges = row->exchanges;
	measure(exchanging, job, 2.5);
	tell_of(row, job);
}

static void in_rows(void)
{
	unsigned int open = 0;
	char what[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (descriptors < 4 * rows[i].connections) {
			snprintf(what, sizeof what, "no %u descriptors", 4 * rows[i].connections);
			missing(rows[i].name, what);
			continue;
		}
		if (open != rows[i].connections) {
			if (open)
				close_all();
			open_all(open = rows[i].connections, ECHO);
		}
		in_messages(&rows[i]);
	}
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

static rlim_t as_many_descriptors_as_may_be(void)
{
	struct rlimit files;

	MUST(getrlimit(RLIMIT_NOFILE, &files) == 0);
	files.rlim_cur = files.rlim_max;
	MUST(setrlimit(RLIMIT_NOFILE, &files) == 0);
	return files.rlim_cur;
}

int main(void)
{
	descriptors = as_many_descriptors_as_may_be();
	own_network();
	fill_pattern();
	memory = file_of(memfd_create("memory", MFD_CLOEXEC), SENT);
	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(board != MAP_FAILED);

	for (size_t i = 0; i < COUNT(all); i++)
		enter(&all[i]);
	heading("256 MiB through one connection");
	in_bulk();
	keep(is_for_many);
	heading("requests and their answers, all connections at once");
	in_rows();
	keep(is_for_none);
	return 0;
}
