/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A random copy, whatever its input, output and pieces, has the same outcome as read(2) and write(2): same
 * bytes, count, positions, offsets and error. If it ends early because of an option, what was delivered is the
 * exact beginning of the input. Every case follows from a number. A case that fails prints its number; given as
 * an argument, it is the only case that runs. */
/* ways: shared */
#include <zsplice.h>
#include "t.h"
#include <linux/fs.h>
#include "t_mount.h"
#include "t_random.h"

#define CASES 4000
#define LIMIT_MS 9000
#define ROOM ((size_t)5 << 19)
#define POOL ((size_t)4 << 20)

static unsigned char pool[POOL];

/* ---- A case ---- */

enum way { PLAIN, OURS };

struct place {
	enum t_stream_kind sort;
	int folder;             /* files: which file system */
	const char *path;       /* devices and files of /proc and /sys */
	int nonblock, given, appends, seals, sparse;
	int64_t at;             /* offset or position */
	size_t size;            /* all bytes of an input; what a file holds before */
	const unsigned char *bytes;
};

struct scene {
	uint64_t seed;
	struct place in, out;
	int holds, same_file;
	uint64_t len;
	struct zs_options options;
	uint64_t cancel_after;  /* after so many bytes by the progress callback; UINT64_MAX: never */
	unsigned char *content, *before;
};

static const char *const kernel_files[] = {
	"/proc/version", "/proc/filesystems", "/proc/kallsyms", "/proc/sys/kernel/ostype",
	"/proc/self/cmdline", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state",
	"/dev/zero", "/dev/zero", "/dev/null",
};

static size_t random_len(uint64_t *chance)
{
	static const size_t edges[] = { 0, 1, 4096, 8192, 16384, 65536, 131072, 262144, 1 << 20 };
	size_t edge = edges[t_below(chance, t_one_in(chance, 8) ? 9 : 8)];

	if (t_one_in(chance, 3))
		return t_below(chance, t_one_in(chance, 4) ? 300000 : 20000);
	return edge + (edge > 1 ? t_below(chance, 3) - 1 : 0);
}

/* Bytes with zeroes in between, of whole pages and not. */
static unsigned char *random_bytes(uint64_t *chance, size_t len)
{
	unsigned char *bytes = malloc(len + 1);

	MUST(bytes);
	memcpy(bytes, pool + t_below(chance, POOL - ROOM), len);
	for (int i = (int)t_below(chance, 6); i > 0 && len > 1; i--) {
		size_t from = t_below(chance, len), to = from + t_below(chance, len - from);

		if (!t_one_in(chance, 3)) {
			from &= ~(size_t)(T_PAGE - 1);
			to &= ~(size_t)(T_PAGE - 1);
		}
		if (from < to)
			memset(bytes + from, 0, to - from);
	}
	return bytes;
}

static struct place random_place(uint64_t *chance, int is_input)
{
	static const enum t_stream_kind sorts[] = { T_REGULAR, T_REGULAR, T_REGULAR, T_REGULAR, T_REGULAR, T_MEMFD,
					     T_PIPE, T_PIPE, T_FIFO, T_TCP, T_TCP, T_UNIX, T_PTY, T_DEVICE };
	struct place place = { .sort = sorts[t_below(chance, sizeof sorts / sizeof *sorts)] };
	int is_file = place.sort == T_REGULAR || place.sort == T_MEMFD;

	place.folder = (int)t_below(chance, (unsigned int)t_folder_count);
	place.nonblock = t_one_in(chance, 2);
	place.size = random_len(chance);
	place.sparse = t_one_in(chance, 2);
	if (is_file && !is_input) {
		place.appends = t_one_in(chance, 6);
		place.seals = place.sort == T_MEMFD && t_one_in(chance, 3) ? F_SEAL_WRITE : F_SEAL_SHRINK;
	}
	place.given = is_file && !place.appends && t_one_in(chance, 2);
	if (is_file)
		place.at = (int64_t)(t_one_in(chance, 3) ? 0 : t_one_in(chance, 3) ? T_PAGE * t_below(chance, 20)
				     : t_below(chance, place.size + 5000));
	if (place.sort == T_DEVICE && is_input) {
		place.path = kernel_files[t_below(chance, sizeof kernel_files / sizeof *kernel_files)];
		/* There may be no /sys. */
		if (access(place.path, R_OK) != 0)
			place.path = kernel_files[0];
	} else if (place.sort == T_DEVICE)
		place.path = t_one_in(chance, 3) ? "/dev/full" : t_one_in(chance, 2) ? "/dev/zero" : "/dev/null";
	return place;
}

static void random_options(uint64_t *chance, struct scene *scene)
{
	static const uint32_t flags[] = { ZS_INTERRUPT, ZS_NOSIGPIPE, ZS_MORE, ZS_STABLE, ZS_NO_CLONE,
					  ZS_FILL_HOLES, ZS_GROW_PIPE, ZS_CANCEL_FD };
	struct zs_options *options = &scene->options;

	options->size = t_one_in(chance, 2) ? sizeof *options : 0;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		options->flags |= t_one_in(chance, 6) ? flags[i] : 0;
	if (t_one_in(chance, 15) && !(options->flags & (ZS_NO_CLONE | ZS_FILL_HOLES)))
		options->flags |= ZS_CLONE;
	for (uint32_t via = 1; via <= ZS_VIA_READ_WRITE; via <<= 1)
		options->avoid |= t_one_in(chance, via == ZS_VIA_READ_WRITE ? 20 : 5) ? via : 0;
	options->timeout_ns = t_one_in(chance, 5) ? 15000000000 : 0;
	options->idle_ns = t_one_in(chance, 5) ? 15000000000 : 0;
	scene->cancel_after = t_one_in(chance, 20) ? t_below(chance, 200000) : UINT64_MAX;
}

static struct scene random_scene(uint64_t seed)
{
	struct scene scene = { .seed = seed };
	uint64_t chance = seed, len;

	scene.in = random_place(&chance, 1);
	scene.out = random_place(&chance, 0);
	/* A hole beyond the end of a sealed file is not written, so the seal does not forbid it. */
	if (scene.out.seals & F_SEAL_WRITE)
		scene.in.sparse = 0;
	if (t_one_in(&chance, 2))
		scene.out.folder = scene.in.folder;
	random_options(&chance, &scene);
	scene.content = random_bytes(&chance, scene.in.size);
	scene.before = random_bytes(&chance, scene.out.size);
	scene.in.bytes = scene.content;
	scene.out.bytes = scene.before;
	scene.same_file = scene.in.sort == T_REGULAR && t_one_in(&chance, 20);
	if (scene.same_file) {
		len = scene.in.size;
		scene.out = scene.in;
		scene.out.given = t_one_in(&chance, 2);
		scene.out.at = (int64_t)t_below(&chance, len + 5000);
		memcpy(scene.before = realloc(scene.before, len + 1), scene.content, len);
	}
	/* Just so many as there are, fewer, or more. */
	len = scene.in.size - ((uint64_t)scene.in.at < scene.in.size ? (uint64_t)scene.in.at : scene.in.size);
	scene.len = t_one_in(&chance, 3) ? ZS_TO_END : t_one_in(&chance, 2) ? len
		: t_one_in(&chance, 3) ? len + t_below(&chance, 1000) : t_below(&chance, len + 1);
	if (scene.in.sort == T_DEVICE)
		scene.len = t_one_in(&chance, 3) && strcmp(scene.in.path, "/dev/zero") != 0
			&& strcmp(scene.in.path, "/proc/kallsyms") != 0 ? ZS_TO_END : random_len(&chance);
	/* A terminal is never at its end here. */
	if (scene.in.sort == T_PTY)
		scene.len = len - t_below(&chance, len + 1) / 2;
	scene.holds = scene.len <= len && t_one_in(&chance, 2);
	return scene;
}

/* ---- Playing it ---- */

struct end {
	int fd;
	struct t_writer giver;
	struct t_reader taker;
};

/* All that can be seen of the outcome. */
struct trace {
	int64_t returned, error;
	int64_t offset[2], position[2], written;
	struct zs_result result;
	unsigned char *output;
};

static void open_file(struct end *end, const struct place *place)
{
	if (place->sort == T_MEMFD) {
		MUST((end->fd = memfd_create("t", MFD_ALLOW_SEALING | MFD_CLOEXEC)) >= 0);
		MUST(pwrite(end->fd, place->bytes, place->size, 0) == (ssize_t)place->size);
		MUST(!place->seals || fcntl(end->fd, F_ADD_SEALS, place->seals) == 0);
	} else {
		end->fd = t_file_in(t_folders[place->folder], place->bytes, place->size, place->sparse);
	}
	MUST(!place->appends || fcntl(end->fd, F_SETFL, O_APPEND) == 0);
}

static void open_end(struct end *end, const struct place *place, const struct scene *scene,
		     int is_input)
{
	uint64_t chance = scene->seed + 99;

	if (place->path) {
		MUST((end->fd = open(place->path, is_input ? O_RDONLY | O_NOCTTY : O_WRONLY)) >= 0);
	} else if (!t_is_stream(place->sort)) {
		open_file(end, place);
	} else if (is_input) {
		end->giver = (struct t_writer){ .bytes = place->bytes, .len = place->size,
					       .holds = scene->holds, .chance = chance };
		t_writer_start(&end->giver, place->sort);
		end->fd = end->giver.fd;
	} else {
		end->taker = (struct t_reader){ .room = ROOM, .bytes = malloc(ROOM), .chance = chance };
		MUST(end->taker.bytes);
		t_reader_start(&end->taker, place->sort);
		end->fd = end->taker.fd;
	}
	MUST(place->given || !place->at || lseek(end->fd, place->at, SEEK_SET) == place->at);
	if (t_is_stream(place->sort))
		t_nonblock(end->fd, place->nonblock);
}

static int64_t ended(struct zs_result *result, uint64_t moved, int error, uint64_t in_flight)
{
	*result = (struct zs_result){ .bytes = moved, .error = error, .in_flight = in_flight };
	errno = error ? error : errno;
	return error ? -1 : (int64_t)moved;
}

/* The plain copy. */
static int64_t plain(int in, int64_t *off_in, int out, int64_t *off_out, uint64_t len,
		     struct zs_result *result)
{
	static unsigned char bytes[65536];
	uint64_t moved = 0;
	int before = errno;

	while (moved < len) {
		size_t most = len - moved < sizeof bytes ? len - moved : sizeof bytes;
		ssize_t n = off_in ? pread(in, bytes, most, *off_in) : read(in, bytes, most);

		if (n < 0 && errno == EAGAIN && poll(&(struct pollfd){ .fd = in, .events = POLLIN }, 1, -1))
			continue;
		if (n <= 0)
			return n < 0 ? ended(result, moved, errno, 0) : (errno = before, ended(result, moved, 0, 0));
		for (ssize_t at = 0, m; at < n;) {
			m = off_out ? pwrite(out, bytes + at, (size_t)(n - at), *off_out)
				    : write(out, bytes + at, (size_t)(n - at));
			if (m < 0 && errno == EAGAIN
			    && poll(&(struct pollfd){ .fd = out, .events = POLLOUT }, 1, -1))
				continue;
			if (m < 0) {
				int error = errno, gone = !off_in && lseek(in, at - n, SEEK_CUR) < 0;

				return ended(result, moved, error, gone ? (uint64_t)(n - at) : 0);
			}
			at += m;
			moved += (uint64_t)m;
			*(off_in ? off_in : &(int64_t){ 0 }) += m;
			*(off_out ? off_out : &(int64_t){ 0 }) += m;
		}
	}
	errno = before;
	return ended(result, moved, 0, 0);
}

struct told {
	uint64_t last, cancel_after;
	int calls;
};

static int progress(void *context, const struct zs_result *so_far)
{
	struct told *told = context;

	OK(so_far->bytes >= told->last);
	T_EQ(so_far->error, 0);
	T_EQ(so_far->in_flight, 0);
	told->last = so_far->bytes;
	told->calls++;
	return so_far->bytes > told->cancel_after;
}

static int64_t ours(const struct scene *scene, int in, int64_t *off_in, int out, int64_t *off_out,
		    struct zs_result *result)
{
	struct told told = { 0, scene->cancel_after, 0 };
	struct zs_options options = scene->options;
	int64_t returned;
	int quiet[2];

	MUST(pipe(quiet) == 0);
	options.cancel_fd = quiet[0];
	options.context = &told;
	options.progress = scene->seed % 3 == 0 || scene->cancel_after < UINT64_MAX ? progress : NULL;
	memset(result, 0xa5, sizeof *result);
	errno = 0x5a5a;
	returned = zs_copy(in, off_in, out, off_out, scene->len,
			   scene->seed % 7 == 1 ? NULL : &options, result);
	t_close2(quiet);
	return returned;
}

/* All of a file, whatever it was copied from. */
static void look_at_file(struct trace *trace, int fd)
{
	struct stat stat;

	MUST(fstat(fd, &stat) == 0 && (size_t)stat.st_size < 2 * ROOM);
	trace->written = stat.st_size;
	trace->output = malloc((size_t)stat.st_size + 1);
	MUST(trace->output && pread(fd, trace->output, (size_t)stat.st_size, 0) == stat.st_size);
}

static struct trace play(const struct scene *scene, enum way way)
{
	struct trace trace = { .offset = { scene->in.at, scene->out.at } };
	struct end in, out;
	int64_t *offsets[2];
	int before[2];
	uint64_t open = t_open_descriptor_set();

	open_end(&in, &scene->in, scene, 1);
	if (scene->same_file) {
		out.fd = t_reopen(in.fd, O_RDWR);
		MUST(scene->out.given || lseek(out.fd, scene->out.at, SEEK_SET) >= 0);
	} else {
		open_end(&out, &scene->out, scene, 0);
	}
	offsets[0] = scene->in.given ? &trace.offset[0] : NULL;
	offsets[1] = scene->out.given ? &trace.offset[1] : NULL;
	before[0] = fcntl(in.fd, F_GETFL);
	before[1] = fcntl(out.fd, F_GETFL);
	errno = 0x5a5a;
	if (way == PLAIN) {
		trace.returned = plain(in.fd, offsets[0], out.fd, offsets[1], scene->len, &trace.result);
		trace.error = errno;
	} else {
		trace.returned = ours(scene, in.fd, offsets[0], out.fd, offsets[1], &trace.result);
		trace.error = errno;
		OK(t_result_is_consistent(trace.returned, (int)trace.error, &trace.result));
		if (T_EQ(before[0], fcntl(in.fd, F_GETFL)))
			T_EQ(before[1], fcntl(out.fd, F_GETFL));
	}
	trace.position[0] = lseek(in.fd, 0, SEEK_CUR);
	trace.position[1] = lseek(out.fd, 0, SEEK_CUR);
	if (scene->in.sort == T_REGULAR || scene->in.sort == T_MEMFD || scene->in.path)
		MUST(scene->same_file || close(in.fd) == 0);
	else
		OK(t_writer_end(&in.giver, trace.result.bytes + trace.result.in_flight));
	if (scene->out.path) {
		MUST(close(out.fd) == 0);
	} else if (t_is_stream(scene->out.sort)) {
		(void)t_reader_end(&out.taker, scene->out.sort, NULL, 0);
		trace.written = (int64_t)out.taker.len;
		trace.output = out.taker.bytes;
	} else {
		look_at_file(&trace, out.fd);
		MUST(close(out.fd) == 0 && (!scene->same_file || close(in.fd) == 0));
	}
	T_EQ(open, t_open_descriptor_set());
	return trace;
}

/* ---- Judging it ---- */

/* Whether ranges of one file overlap, or the output feeds the input. */
static int feeds_itself(const struct scene *scene)
{
	uint64_t from = (uint64_t)scene->in.at, to = (uint64_t)scene->out.at, size = scene->in.size;
	uint64_t rest = size > from ? size - from : 0;
	uint64_t len = to < size && rest < scene->len ? rest : scene->len;

	if (!scene->same_file || len == 0)
		return 0;
	return !(len <= INT64_MAX && (from + len <= to || to + len <= from));
}

/* Errors that only zs_copy has. */
static int is_ours(const struct scene *scene, const struct trace *trace)
{
	const struct zs_options *options = &scene->options;

	if (scene->seed % 7 == 1)
		return 0;
	if (options->flags & ZS_CLONE)
		return trace->result.bytes == 0 || trace->error == ECANCELED || trace->error == EOPNOTSUPP;
	return (trace->error == EOPNOTSUPP && options->avoid & ZS_VIA_READ_WRITE)
		|| (trace->error == ECANCELED && scene->cancel_after < UINT64_MAX);
}

/* Whether the output holds the first `bytes` of the input, and is unchanged otherwise. (Of a device or a file
 * of /proc only the plain copy knows the bytes.) */
static int is_beginning(const struct scene *scene, const struct trace *plain, const struct trace *is)
{
	uint64_t bytes = is->result.bytes, from = 0, kept = 0, size;

	if (scene->out.path)
		return 1;
	if (!t_is_stream(scene->out.sort)) {
		from = scene->out.appends ? scene->out.size : (uint64_t)scene->out.at;
		kept = scene->out.size;
	}
	size = bytes == 0 || from + bytes < kept ? kept : from + bytes;
	if ((uint64_t)is->written != size)
		return 0;
	for (uint64_t i = 0; i < size; i++) {
		const unsigned char *copied = scene->in.path ? plain->output + i
			: scene->content + scene->in.at + (i - from);
		int is_copied = i >= from && i < from + bytes;

		if (is->output[i] != (is_copied ? *copied : i < kept ? scene->before[i] : 0))
			return 0;
	}
	return 1;
}

static int same(const struct scene *scene, const struct trace *plain, const struct trace *is)
{
	return plain->returned == is->returned && plain->error == is->error
		&& memcmp(plain->offset, is->offset, sizeof is->offset) == 0
		&& memcmp(plain->position, is->position, sizeof is->position) == 0
		&& plain->written == is->written
		&& (scene->out.path || memcmp(plain->output, is->output, (size_t)is->written) == 0);
}

static int judge(const struct scene *scene, const struct trace *plain, const struct trace *is)
{
	uint64_t in_at = (uint64_t)scene->in.at, out_at = (uint64_t)scene->out.at, bytes = is->result.bytes;

	if (!T_EQ(scene->seed % 7 == 1 ? 0 : scene->options.avoid & is->result.via, 0))
		return 0;
	if (is->returned >= 0)
		return OK(same(scene, plain, is));
	return OK(plain->error == is->error || is_ours(scene, is)) && OK(is_beginning(scene, plain, is))
		&& OK(!scene->in.given || (uint64_t)is->offset[0] == in_at + bytes)
		&& OK(!scene->out.given || (uint64_t)is->offset[1] == out_at + bytes);
}

static void tell(const char *who, const struct trace *trace)
{
	fprintf(stderr, "  %s: %lld errno %s, offsets %lld %lld, positions %lld %lld, bytes %llu in_flight "
		"%llu copied %llu holes %llu via %s side %s, output %lld\n", who, (long long)trace->returned,
		t_errno_name(trace->error), (long long)trace->offset[0], (long long)trace->offset[1],
		(long long)trace->position[0], (long long)trace->position[1],
		(unsigned long long)trace->result.bytes, (unsigned long long)trace->result.in_flight,
		(unsigned long long)trace->result.copied, (unsigned long long)trace->result.holes,
		t_via_words(trace->result.via), t_side_word(trace->result.side), (long long)trace->written);
}

static void tell_place(const char *who, const struct place *place)
{
	static const char *const sorts[T_SORTS] = { "file", "memfd", "pipe", "fifo", "tcp", "unix", "pty",
						    "device" };

	fprintf(stderr, "  %s: %s %s size %zu at %lld%s%s%s%s%s\n", who, sorts[place->sort],
		place->path ? place->path : t_folder_names[place->folder], place->size, (long long)place->at,
		place->given ? " given" : "", place->nonblock ? " nonblock" : "",
		place->appends ? " append" : "", place->seals & F_SEAL_WRITE ? " sealed" : "",
		place->sparse ? " sparse" : "");
}

static void try(uint64_t seed)
{
	struct scene scene = random_scene(seed);
	struct trace traces[2] = { 0 };
	int before = t_failures, refused = feeds_itself(&scene);

	if (!refused)
		traces[PLAIN] = play(&scene, PLAIN);
	traces[OURS] = play(&scene, OURS);
	if (refused)
		OK(traces[OURS].returned == -1 && traces[OURS].error == EINVAL && traces[OURS].result.bytes == 0);
	else
		judge(&scene, &traces[PLAIN], &traces[OURS]);
	if (t_failures > before) {
		fprintf(stderr, "case %llu: len %llu flags %s avoid %s%s%s%s\n", (unsigned long long)seed,
			(unsigned long long)scene.len, t_flag_words(scene.options.flags),
			t_via_words(scene.options.avoid), seed % 7 == 1 ? " (no options)" : "",
			scene.same_file ? " same file" : "", scene.holds ? " holds" : "");
		tell_place("in", &scene.in);
		tell_place("out", &scene.out);
		tell("plain", &traces[PLAIN]);
		tell("ours", &traces[OURS]);
	}
	for (int i = 0; i < 2; i++)
		free(traces[i].output);
	free(scene.content);
	free(scene.before);
}

int main(int argc, char **argv)
{
	uint64_t seed = t_seed(), chance = 1;
	int64_t end = t_now_ms() + LIMIT_MS;
	int cases = 0;

	for (size_t i = 0; i < POOL; i += sizeof chance)
		memcpy(pool + i, &(uint64_t){ t_random(&chance) }, sizeof chance);
	MUST(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	t_mount_folders();
	if (argc > 1) {
		try(strtoull(argv[1], NULL, 10));
		return t_done();
	}
	while (cases < CASES && t_failures < 5 && t_now_ms() < end)
		try(seed * 1000000 + (uint64_t)cases++);
	printf("%d cases on %d file systems\n", cases, t_folder_count);
	return t_done();
}
