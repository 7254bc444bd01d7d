/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ways: archive */
/* Storms, all at once and each in a process of its own: peers that stall and die, files that change while they are
 * copied, no room, no quota, no descriptors, no memory, threads, fork, dlopen; signals all the while, and now and then
 * a SIGSTOP. Every byte is where it has to be, and memory and descriptors stay flat. `soak --seconds=600` goes on for
 * ten minutes (make soak); figures stand at its end. */
#include <zsplice.h>
#include "t.h"
#include "t_copy.h"
#include "t_mount.h"
#include "t_random.h"
#include "t_engines.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>

#include "figures.h"
#include "streams.h"
#include "files.h"

enum { TAKES_SIGNALS = 1, OWN_FOLDERS = 2, OWN_CGROUP = 4 };

struct storm {
	const char *name;
	void (*round)(void);
	int needs;
	pid_t worker;
	struct figures *figures;
};

static struct storm storms[] = {
	{ .name = "stalling peers", .round = stalling_peers, .needs = TAKES_SIGNALS },
	{ .name = "64 threads", .round = many_threads },
	{ .name = "changing files", .round = changing_files, .needs = TAKES_SIGNALS | OWN_FOLDERS },
	{ .name = "no room", .round = no_room, .needs = TAKES_SIGNALS },
	{ .name = "no quota", .round = no_quota, .needs = TAKES_SIGNALS },
	{ .name = "few descriptors", .round = few_descriptors, .needs = TAKES_SIGNALS },
	{ .name = "no memory", .round = no_memory, .needs = TAKES_SIGNALS },
	{ .name = "small cgroup", .round = small_cgroup, .needs = OWN_CGROUP },
	{ .name = "fork", .round = forks },
	{ .name = "dlopen", .round = loaded_and_unloaded, .needs = TAKES_SIGNALS },
};

enum { STORMS = sizeof storms / sizeof *storms };

/* ---- A memory cgroup ---- */

static char cgroup[PATH_MAX];

static int put(const char *name, const char *text)
{
	char path[PATH_MAX + 32];
	int fd, written;

	snprintf(path, sizeof path, "%s/%s", cgroup, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	MUST(close(fd) == 0);
	return written;
}

/* Of either version. False where there is none for us. */
static int make_cgroup(void)
{
	static const char *const parents[] = { "/sys/fs/cgroup/memory", "/sys/fs/cgroup" };

	for (int i = 0; i < 2; i++) {
		snprintf(cgroup, sizeof cgroup, "%s/zsplice-soak-%d", parents[i], (int)getpid());
		if (mkdir(cgroup, 0700) != 0)
			continue;
		if (put("memory.limit_in_bytes", "25165824") || put("memory.max", "25165824"))
			return 1;
		MUST(rmdir(cgroup) == 0);
	}
	*cgroup = '\0';
	return 0;
}

/* ---- Workers ---- */

static void work(struct storm *storm, uint64_t seed, int64_t end)
{
	MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	figures = storm->figures;
	chance = seed;
	if (storm->needs & OWN_CGROUP && !(*cgroup && put("cgroup.procs", "0")))
		skip_storm("no memory cgroup can be made here");
	MUST((mkdir(storm->name, 0700) == 0 || errno == EEXIST) && chdir(storm->name) == 0);
	if (storm->round == no_room || storm->round == no_quota)
		if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
			skip_storm("mount(2) is not allowed here");
	if (storm->needs & OWN_FOLDERS)
		t_mount_folders();
	takes_signals = storm->needs & TAKES_SIGNALS;
	let_signals_in(0);
	if (takes_signals)
		t_signal_storm(700);
	while (t_now_ms() < end && !t_failures) {
		storm->round();
		end_round();
	}
	_exit(t_done());
}

/* Now and then a worker is stopped, and goes on. */
static void stop_some(uint64_t *state)
{
	struct storm *storm = &storms[t_below(state, STORMS)];

	if (storm->worker > 0) {
		MUST(kill(storm->worker, SIGSTOP) == 0);
		t_sleep_ms((int)t_below(state, 30));
		MUST(kill(storm->worker, SIGCONT) == 0);
	}
	t_sleep_ms(30);
}

/* Whether a worker still runs; one that has failed fails the test. */
static int still_runs(struct storm *storm)
{
	int status = 0;

	if (storm->worker > 0 && waitpid(storm->worker, &status, WNOHANG) == storm->worker) {
		storm->worker = 0;
		t_scene("%s", storm->name);
		T_EQ(status, 0);
	}
	return storm->worker > 0;
}

static void report(const struct storm *storm)
{
	const struct figures *all = storm->figures;

	if (all->skipped) {
		printf("%-16s skipped: %s\n", storm->name, all->why);
		return;
	}
	printf("%-16s %8" PRIu64 " transfers, %6" PRIu64 " of them failed", storm->name, all->transfers, all->failed);
	printf(" (%s last), %7" PRIu64 " MiB, heap %+" PRId64 " B, descriptors %+d\n",
	       all->last_error ? t_errno_name(all->last_error) : "none", all->bytes >> 20,
	       (int64_t)(all->heap_last - all->heap_first), all->fds_last - all->fds_first);
}

int main(int argc, char **argv)
{
	struct figures *shared = mmap(NULL, sizeof *shared * STORMS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t state = t_seed();
	long seconds = 5 * t_slower();
	int64_t end, late;
	int running = STORMS;

	if (argc > 1 && sscanf(argv[1], "--seconds=%ld", &seconds) != 1)
		return 1;
	MUST(shared != MAP_FAILED && signal(T_TIME_IS_UP, SIG_IGN) != SIG_ERR && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	end = t_now_ms() + seconds * 1000;
	late = end + 60000;
	(void)make_cgroup();
	fflush(stdout);
	for (int i = 0; i < STORMS; i++) {
		uint64_t seed = t_random(&state);

		storms[i].figures = &shared[i];
		MUST((storms[i].worker = fork()) >= 0);
		if (storms[i].worker == 0)
			work(&storms[i], seed, end);
	}
	while (running > 0 && t_now_ms() < late) {
		stop_some(&state);
		running = 0;
		for (int i = 0; i < STORMS; i++)
			running += still_runs(&storms[i]);
	}
	for (int i = 0; i < STORMS; i++) {
		t_scene("%s", storms[i].name);
		if (storms[i].worker > 0 && !OK(!"it ends in time")) {
			MUST(kill(storms[i].worker, SIGKILL) == 0);
			MUST(waitpid(storms[i].worker, NULL, 0) == storms[i].worker);
		}
		report(&storms[i]);
		OK(shared[i].skipped || shared[i].transfers > 0);
	}
	if (*cgroup)
		MUST(rmdir(cgroup) == 0);
	for (int i = 0; i < STORMS; i++)
		(void)rmdir(storms[i].name);
	if (t_failures)
		printf("seed %llu\n", (unsigned long long)t_seed());
	return t_done();
}
