/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An engine ends as a plain loop of read(2) and write(2), which waits with poll(2), ends over the same
 * descriptors in the same state: same bytes, same count or errno, SIGPIPE raised or not, the same left in
 * the input, and no wait where the loop would have been done.
 *
 * Every scene has a number, which as an argument makes it the only one. ZS_TEST_SEED chooses other scenes;
 * ZS_TEST_SCENES says how many. What may differ stands in `exceptions`. Where all is slower (ZS_TEST_SLOWER), there are
 * fewer scenes, each with more patience. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include "t_oracle.h"

#define SCENES 3000
#define LIMIT_MS 30000
#define WORKERS 16
#define SHOWN 12

/* ---- Scenes, by number ---- */

/* Whether there are network namespaces for us, and ip(8). */
static int may_unshare;

static void unshare_once(void *argument)
{
	(void)argument;
	_exit(!t_own_network());
}

static int gives_make_sense(const struct o_scene *scene)
{
	size_t size = scene->size, most = scene->in == O_IN_TCP || o_is_terminal_in(scene->in) ? O_HELD : 65536;
	int is_socket = scene->in == O_IN_UNIX || scene->in == O_IN_TCP;

	if (scene->in == O_IN_PROC || scene->in == O_IN_SYS)
		return scene->gives == O_ENDED && size == 1 && o_size(scene) > 0;
	if (!o_is_stream_in(scene->in))
		return scene->gives == O_ENDED && (scene->in == O_IN_ZERO ? size > 0 : size == 0 || o_seeks(scene->in));
	if (o_is_terminal_in(scene->in) && size > 65536)
		return 0;
	switch (scene->gives) {
	case O_ENDED:
		return size <= most && scene->in != O_IN_EARLY;
	case O_PAUSES:
		return size > 1;
	case O_ENDS_AFTER:
		return scene->takes == O_TAKES_ALL && size > 0;
	case O_RESET:
		return is_socket && size <= O_HELD;
	case O_RESETS:
		return is_socket;
	/* These take a while. */
	case O_TIMES_OUT:
		return scene->in == O_IN_TCP && size <= 65536 && (may_unshare || !o_needs_network(scene));
	case O_PROHIBITED:
		return scene->in == O_IN_TCP && size <= 65536 && scene->out != O_OUT_TCP && may_unshare;
	default:
		return 1;
	}
}

static int takes_make_sense(const struct o_scene *scene)
{
	size_t due = o_due(scene);

	if (!o_is_stream_out(scene->out))
		return scene->takes == O_ROOM;
	if (scene->out == O_OUT_TTY || scene->out == O_OUT_MASTER)
		return scene->takes == O_ROOM || scene->takes == O_DEAD;
	switch (scene->takes) {
	case O_TAKES_ALL:
		return due > 0;
	case O_TAKES_HALF:
		return due > 1 << 20;
	case O_SLOW:
		return due >= 65536;
	case O_STOPS:
		return scene->out == O_OUT_PIPE && due >= 65536 && scene->len != O_PART;
	case O_HALF_FULL:
		return scene->out == O_OUT_UNIX && due > 0 && due <= 65536;
	case O_DEAD_RESET:
		return o_is_socket_out(scene->out);
	case O_DEAD:
		/* How much TCP takes before it notices depends on how much it gets at once. */
		return scene->out != O_OUT_TCP || (due != 65536 && (due < 2 || !o_is_terminal_in(scene->in)));
	default:
		return 1;
	}
}

static int makes_sense(const struct o_scene *scene)
{
	if (scene->function == O_BRIDGE && scene->len != O_TO_END)
		return 0;
	if (scene->function == O_RELAY && (!scene->nonblock_in || !scene->nonblock_out || scene->option == O_TIMEOUT
					   || scene->option == O_PROGRESS))
		return 0;
	if ((scene->function == O_RELAY || scene->function == O_BRIDGE) && scene->in == O_IN_OFFSET)
		return 0;
	if (scene->in == O_IN_ZERO && scene->len != O_EXACT)
		return 0;
	if (o_size(scene) < 2 && scene->len == O_PART)
		return 0;
	if (o_size(scene) == 0 && scene->len == O_EXACT)
		return 0;
	return gives_make_sense(scene) && takes_make_sense(scene);
}

/* A field of a number, which has its bits for good: a new kind changes no number. */
static unsigned int field(uint64_t number, int from, int bits)
{
	return (unsigned int)(number >> from & ((1u << bits) - 1));
}

/* The last bits are the variant: of these a stage is played with one, whichever. */
#define VARIANT_BITS 8
#define STAGES ((uint64_t)O_FUNCTIONS << 21)

static int is_in_range(const struct o_scene *scene)
{
	return scene->option < O_OPTIONS && scene->len < O_LENS && scene->takes < O_TAKES && scene->out < O_OUTPUTS
		&& scene->gives < O_GIVES && scene->in < O_INPUTS && scene->function < O_FUNCTIONS;
}

static int scene_of(uint64_t number, struct o_scene *scene)
{
	unsigned int size = field(number, 16, 3);

	scene->nonblock_in = (int)field(number, 0, 1);
	scene->nonblock_out = (int)field(number, 1, 1);
	scene->option = field(number, 2, 3);
	scene->len = field(number, 5, 3);
	scene->takes = field(number, 8, 4);
	scene->out = field(number, 12, 4);
	scene->size = o_sizes[size < O_SIZES ? size : 0];
	scene->gives = field(number, 19, 4);
	scene->in = field(number, 23, 6);
	scene->function = (unsigned int)(number >> 29);
	return size < O_SIZES && is_in_range(scene) && makes_sense(scene);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x7fb5d329728ea185;
	x = (x ^ x >> 27) * 0x81dadef4bc2dd44d;
	return x ^ x >> 33;
}

/* The number of a scene on this stage, with some options, length and O_NONBLOCK; UINT64_MAX if there is none. */
static uint64_t some_variant(uint64_t stage, uint64_t seed)
{
	uint64_t start = mix(stage * 1000003 + seed), all = 1 << VARIANT_BITS;
	struct o_scene scene;

	(void)scene_of(stage << VARIANT_BITS, &scene);
	if (!is_in_range(&scene) || field(stage, 8, 3) >= O_SIZES)
		return UINT64_MAX;
	/* A step that is odd visits all of them. */
	for (uint64_t i = 0; i < all; i++)
		if (scene_of(stage << VARIANT_BITS | ((start + i * 37) & (all - 1)), &scene))
			return stage << VARIANT_BITS | ((start + i * 37) & (all - 1));
	return UINT64_MAX;
}

/* ---- What may differ, and why ---- */

static int is_bad_in(const struct o_scene *scene)
{
	return scene->in >= O_IN_WRITE_ONLY;
}

static int is_bad_out(const struct o_scene *scene)
{
	return scene->out >= O_OUT_READ_ONLY;
}

/* Whether the input is still to come, or to end, when the transfer begins. */
static int keeps_waiting(const struct o_scene *scene)
{
	return o_is_stream_in(scene->in) && scene->gives != O_ENDED && scene->gives != O_RESET;
}

/* Whether poll(2) reports the output's death. That a TCP peer has closed does not show before it is sent
 * something: it may have shut down one direction only. */
static int death_shows(const struct o_scene *scene)
{
	return scene->takes == O_DEAD_RESET || (scene->takes == O_DEAD && o_due(scene) > 0)
		|| ((scene->takes == O_DEAD || scene->takes == O_TAKES_ALL || scene->takes == O_TAKES_HALF)
		    && scene->out != O_OUT_TCP);
}

static int is_error_of_death(const struct o_scene *scene, int error)
{
	return error == (scene->out == O_OUT_TTY || scene->out == O_OUT_MASTER ? EIO : EPIPE)
		|| (error == ECONNRESET && o_is_socket_out(scene->out));
}

static int ours_told_of_death(const struct o_scene *scene, const struct o_outcome *ours)
{
	return ours->returned == -1 && is_error_of_death(scene, ours->error);
}

static int noticed_at_once(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	/* That a TCP peer has closed shows once it has been sent something. */
	int shows = death_shows(scene) || (scene->out == O_OUT_TCP && ours->bytes > 0);

	(void)plain;
	return keeps_waiting(scene) && shows && ours_told_of_death(scene, ours);
}

static int never_to_be_written(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	int is_silent = plain->waits ? keeps_waiting(scene)
		: o_is_stream_in(scene->in) && scene->gives != O_ENDED && scene->size == 0;

	return is_silent && is_bad_out(scene) && ours->returned == -1 && ours->bytes == 0;
}

static int relay_heard_of_it(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	return scene->function == O_RELAY && ours->error == EPIPE && !ours->sigpipe && plain->error == EPIPE;
}

static int hung_up_output(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	(void)plain;
	return scene->out == O_OUT_MASTER && scene->takes == O_DEAD && ours->error == EIO
		&& (o_due(scene) > 0 || keeps_waiting(scene));
}

static int spent_errno(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	/* The signal, if any, is that of the call which has spent the errno: plain write(2) has it, too. */
	return scene->out == O_OUT_TCP && ours->error == ECONNRESET && ours->bytes > 0
		&& plain->error == EPIPE && (!ours->sigpipe || plain->sigpipe);
}

static int not_open_that_way(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	(void)plain;
	return (scene->out == O_OUT_READ_ONLY || scene->in == O_IN_WRITE_ONLY) && ours->error == EBADF && ours->bytes == 0;
}

static int order_of_checks(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	return plain->returned == -1 && ours->returned == -1 && is_bad_in(scene) && is_bad_out(scene);
}

static int no_stream(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	(void)plain;
	return scene->function == O_RELAY && ours->error == EPROTOTYPE && ours->bytes == 0
		&& (is_bad_in(scene) || is_bad_out(scene));
}

static int end_cannot_be_told(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	return scene->function == O_BRIDGE && o_is_socket_out(scene->out) && plain->returned == (int64_t)ours->bytes
		&& (scene->takes == O_DEAD || death_shows(scene)) && ours_told_of_death(scene, ours) && !ours->sigpipe;
}

static int relay_asks_at_the_end(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	return scene->function == O_RELAY && plain->returned == (int64_t)ours->bytes
		&& (scene->takes == O_DEAD || death_shows(scene)) && ours_told_of_death(scene, ours);
}

/* What comes in pieces that are no whole pages takes more slots of a pipe than pages. */
static int full_by_slots(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	return scene->takes == O_STOPS && ours->waits != plain->waits && scene->in != O_IN_PIPE && scene->in != O_IN_FIFO
		&& scene->in != O_IN_FILE && scene->in != O_IN_ZERO;
}

static int not_ready_for_poll(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	(void)plain;
	return scene->takes == O_HALF_FULL && ours->waits && !scene->nonblock_out
		&& (scene->option == O_TIMEOUT || scene->option == O_PROGRESS);
}

static const struct {
	const char *sentence;
	int (*allows)(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours);
} exceptions[] = {
	{ "While it waits for the input, an output that dies ends it with the output's error.", noticed_at_once },
	{ "What poll(2) never calls ready (an epoll set, a listening socket) fails at once.", never_to_be_written },
	{ "There is also SIGPIPE, unless the relay has heard of it from poll(2).", relay_heard_of_it },
	{ "A hung-up terminal is EIO as an output.", hung_up_output },
	{ "An errno that the kernel has spent inside a call which moved bytes is ECONNRESET on TCP, without a signal.",
	  spent_errno },
	{ "A descriptor that is not open for reading, or for writing, as it has to be is EBADF before anything is moved.",
	  not_open_that_way },
	{ "zs_relay_new: descriptors are streams, regular files or block devices, else EPROTOTYPE.", no_stream },
	{ "zs_bridge: the end of an input is passed on by shutdown(2), which fails where the peer is no longer there.",
	  end_cannot_be_told },
	{ "zs_relay_run: an output that has died is an error even when nothing is pending.", relay_asks_at_the_end },
	{ "A pipe that is full by slots is full.", full_by_slots },
	{ "With timeout_ns or progress no step blocks in whatever poll(2) calls not ready.", not_ready_for_poll },
	{ "Where both descriptors are no good, either error may be told.", order_of_checks },
};

/* ---- Judging ---- */

/* What is wrong with ours by itself; NULL: nothing. */
static const char *own_faults(const struct o_scene *scene, const struct o_outcome *ours)
{
	int64_t taken = (int64_t)(ours->bytes + ours->in_flight);

	if (ours->killed)
		return "does not end well";
	if (ours->waits)
		return NULL;
	if (!ours->errno_kept)
		return "changes errno although it succeeds";
	if (ours->wrong)
		return "delivers other bytes than the input's";
	if (scene->option == O_QUIET && ours->sigpipe)
		return "raises SIGPIPE although it was told not to";
	if (ours->result_error != ours->error)
		return "tells another error in its result than in errno";
	if (ours->returned >= 0 && (ours->bytes != (uint64_t)ours->returned || ours->in_flight))
		return "tells other numbers in its result than it returns";
	if (o_is_stream_in(scene->in) && taken + ours->left != (int64_t)scene->size)
		return "loses bytes";
	if (o_seeks(scene->in) && ours->position[0] != taken)
		return "leaves the input's position where it does not belong";
	return NULL;
}

/* In what ours differs; NULL: in nothing. */
static const char *differs(const struct o_scene *scene, const struct o_outcome *plain, const struct o_outcome *ours)
{
	int i = o_the_output(scene);

	if (ours->waits && !plain->waits)
		return "waits for ever";
	if (!ours->waits && plain->waits)
		return "does not wait";
	if (ours->waits)
		return o_outs(scene) == 1 && ours->got[0] != plain->got[0] ? "waits with other bytes delivered" : NULL;
	if (plain->returned != ours->returned)
		return plain->returned < 0 ? "has no error" : ours->returned < 0 ? "has an error" : "returns another count";
	if (plain->error != ours->error)
		return "has another error";
	if (!ours->sigpipe != (!plain->sigpipe || scene->option == O_QUIET))
		return ours->sigpipe ? "raises SIGPIPE" : "raises no SIGPIPE";
	if (plain->got[i] != ours->got[i] || (ours->returned >= 0 && plain->got[!i] != ours->got[!i]))
		return "delivers another number of bytes";
	if (ours->returned >= 0 && plain->left != ours->left)
		return "leaves another number of bytes in the input";
	if (ours->returned >= 0 && memcmp(plain->position, ours->position, sizeof ours->position) != 0)
		return "leaves a descriptor at another position";
	return NULL;
}

/* Whether the contract asks for an error where read and write wait or end: an output that has died while the
 * input is silent. (A relay is asleep in its caller's poll(2), and learns of what died before only.) */
static int has_to_notice(const struct o_scene *scene)
{
	int may_sleep = scene->function == O_RELAY && (scene->takes == O_TAKES_ALL || scene->size > 0);

	return o_is_stream_in(scene->in) && scene->gives == O_SILENT && death_shows(scene) && !is_bad_in(scene)
		&& o_asked(scene) > o_size(scene) && !may_sleep;
}

/* zs_bridge, and a relay as one of its directions: a hung-up terminal, which read(2) calls EIO at its master's
 * side, has ended as an input. */
static struct o_outcome expected(const struct o_scene *scene, const struct o_outcome *plain)
{
	struct o_outcome expected = *plain;

	if ((scene->function != O_BRIDGE && scene->function != O_RELAY) || scene->in != O_IN_MASTER || plain->waits
	    || plain->error != EIO || plain->bytes != scene->size)
		return expected;
	expected.returned = (int64_t)plain->bytes;
	expected.error = 0;
	return expected;
}

static const char *judge(const struct o_scene *scene, const struct o_outcome *read_and_write,
			 const struct o_outcome *ours)
{
	const struct o_outcome is_expected = expected(scene, read_and_write), *plain = &is_expected;
	const char *fault = own_faults(scene, ours);

	if (fault)
		return fault;
	if (has_to_notice(scene))
		return ours_told_of_death(scene, ours) ? NULL : "does not notice that the output has died";
	fault = differs(scene, plain, ours);
	for (size_t i = 0; fault && i < ARRAY_LEN(exceptions); i++)
		if (exceptions[i].allows(scene, plain, ours))
			return NULL;
	return fault;
}

/* The plain loop's scene. A FIFO before its first writer is waited for. */
static struct o_scene plainly(const struct o_scene *scene)
{
	struct o_scene plain = *scene;

	plain.in = scene->in == O_IN_EARLY ? O_IN_FIFO : scene->in;
	return plain;
}

static const size_t buffers[] = { 65536, 4096, 1 << 20 };

/* Plays a scene until it is known whether ours ends as some plain loop does. A quick look decides if they
 * agree; if not, all is played again with patience, the plain loop several times: how two processes meet is
 * not the same each time. */
static const char *try(uint64_t number, struct o_outcome outcomes[2])
{
	struct o_scene scene, plain;
	const char *fault;

	MUST(scene_of(number, &scene));
	plain = plainly(&scene);

	outcomes[0] = o_play(&plain, buffers[0], 0);
	outcomes[1] = o_play(&scene, O_OURS, 0);
	fault = judge(&scene, &outcomes[0], &outcomes[1]);
	if (!fault)
		return NULL;
	if (outcomes[1].waits || outcomes[1].killed)
		outcomes[1] = o_play(&scene, O_OURS, 2000);
	for (size_t i = 0; i < 2 * ARRAY_LEN(buffers); i++) {
		outcomes[0] = o_play(&plain, buffers[i % ARRAY_LEN(buffers)], 2000);
		if (outcomes[0].killed == 0 && !(fault = judge(&scene, &outcomes[0], &outcomes[1])))
			return NULL;
	}
	return fault;
}

/* ---- Telling ---- */

static void tell_outcome(FILE *to, const char *who, const struct o_outcome *outcome)
{
	fprintf(to, "  %s: ", who);
	if (outcome->waits)
		fprintf(to, "waits for ever, %lld delivered\n", (long long)outcome->got[0]);
	else if (outcome->killed)
		fprintf(to, "died of %d\n", outcome->killed);
	else
		fprintf(to, "%lld%s%s%s, delivered %lld %lld, left %lld, positions %lld %lld, "
			"bytes %llu in_flight %llu error %d\n",
			(long long)outcome->returned, outcome->error ? " " : "",
			outcome->error ? strerror(outcome->error) : "", outcome->sigpipe ? " and SIGPIPE" : "",
			(long long)outcome->got[0], (long long)outcome->got[1], (long long)outcome->left,
			(long long)outcome->position[0], (long long)outcome->position[1],
			(unsigned long long)outcome->bytes, (unsigned long long)outcome->in_flight,
			outcome->result_error);
}

/* In one piece: others tell of theirs at the same time. */
static void tell(uint64_t number, const char *fault, const struct o_outcome outcomes[2])
{
	struct o_scene scene;
	char text[4096];
	FILE *to = fmemopen(text, sizeof text, "w");

	MUST(to && scene_of(number, &scene));
	fprintf(to, "scene %#llx: %s %s\n", (unsigned long long)number, o_functions[scene.function], fault);
	fprintf(to, "  from %s%s: %zu bytes %s\n", o_inputs[scene.in], scene.nonblock_in ? ", O_NONBLOCK" : "",
		o_size(&scene), o_gives[scene.gives]);
	fprintf(to, "  to %s%s, which %s; %s, %s\n", o_outputs[scene.out], scene.nonblock_out ? ", O_NONBLOCK" : "",
		o_takes[scene.takes], o_lens[scene.len], o_options[scene.option]);
	tell_outcome(to, "plain", &outcomes[0]);
	tell_outcome(to, "ours ", &outcomes[1]);
	MUST(fclose(to) == 0);
	fputs(text, stderr);
}

/* ---- All of them, by several processes ---- */

static struct {
	uint64_t next, played, found;
} *board;

static void work(const uint64_t *numbers, uint64_t count, uint64_t shown, int64_t end)
{
	for (uint64_t i; (i = __atomic_fetch_add(&board->next, 1, __ATOMIC_SEQ_CST)) < count && t_now_ms() < end;) {
		struct o_outcome outcomes[2];
		const char *fault = try(numbers[i], outcomes);

		__atomic_add_fetch(&board->played, 1, __ATOMIC_SEQ_CST);
		if (fault && __atomic_add_fetch(&board->found, 1, __ATOMIC_SEQ_CST) <= shown)
			tell(numbers[i], fault, outcomes);
	}
}

/* A random choice: each stage has its place in an order that the seed makes. */
static uint64_t *choose(uint64_t seed, uint64_t *count)
{
	/* Many more than there are. */
	uint64_t *numbers = malloc((1 << 17) * sizeof *numbers), all = 0;
	/* To look at all of them takes a slow tool minutes. An odd step is one through every field of the number. */
	uint64_t step = (uint64_t)t_slower() | 1;

	MUST(numbers);
	for (uint64_t stage = seed % step; stage < STAGES; stage += step) {
		numbers[all] = some_variant(stage, seed);
		all += numbers[all] != UINT64_MAX;
		MUST(all < 1 << 17);
	}
	printf("%llu stages\n", (unsigned long long)all);
	for (uint64_t i = 0; i < *count && i < all; i++) {
		uint64_t j = i + mix(seed * 31 + i) % (all - i), number = numbers[j];

		numbers[j] = numbers[i];
		numbers[i] = number;
	}
	*count = *count < all ? *count : all;
	return numbers;
}

static void play_all(uint64_t seed, uint64_t count, uint64_t shown, int64_t ms)
{
	uint64_t *numbers = choose(seed, &count);
	int64_t end = t_now_ms() + ms;
	pid_t workers[WORKERS];
	int status;

	board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(board != MAP_FAILED);
	for (int i = 0; i < WORKERS; i++) {
		fflush(stdout);
		MUST((workers[i] = fork()) >= 0);
		if (workers[i] == 0) {
			MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
			o_prepare();
			work(numbers, count, shown, end);
			_exit(t_done());
		}
	}
	for (int i = 0; i < WORKERS; i++)
		MUST(waitpid(workers[i], &status, 0) == workers[i] && status == 0);
	printf("%llu of %llu scenes played, %llu differ (ZS_TEST_SEED=%llu)\n", (unsigned long long)board->played,
	       (unsigned long long)count, (unsigned long long)board->found, (unsigned long long)seed);
	OK(board->found == 0);
	/* Enough of them to mean something, also on a slow machine. */
	OK(board->played * 20 >= count);
	free(numbers);
}

int main(int argc, char **argv)
{
	const char *told = getenv("ZS_TEST_SCENES");
	struct o_outcome outcomes[2];
	const char *fault;
	struct o_scene scene;
	uint64_t number;

	/* Longer than T_LIMIT: the limit is its own, but for the last resort of who runs it. */
	MUST(signal(T_TIME_IS_UP, SIG_IGN) != SIG_ERR);
	may_unshare = t_child(unshare_once, NULL) == 0;
	if (!may_unshare)
		puts("left out: connections that die of a route (there are no network namespaces, or no ip(8))");
	o_prepare();
	if (argc > 1) {
		number = strtoull(argv[1], NULL, 0);
		MUST(scene_of(number, &scene));
		fault = try(number, outcomes);
		tell(number, fault ? fault : "ends as read and write do", outcomes);
		OK(!fault);
		return t_done();
	}
	play_all(t_seed(), told ? strtoull(told, NULL, 10) : SCENES / (uint64_t)t_slower(),
		 told ? UINT64_MAX : SHOWN, told ? INT32_MAX : LIMIT_MS * t_slower());
	return t_done();
}
