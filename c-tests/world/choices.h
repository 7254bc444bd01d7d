/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The string of bytes that decides all that happens, and the story in words. */
#ifndef WORLD_CHOICES_H
#define WORLD_CHOICES_H

/* The first six of either, alone or with all that follow. */
#define SHORTAGES 24

static struct {
	const unsigned char *bytes;
	size_t len, at;
	uint64_t seed;
	/* Which allocation or descriptor is refused, from 1 to SHORTAGES; 0: those that the string says. */
	int shortage;
	/* What happens is printed. */
	int tells;
	int has_seed;
	/* Of a case (cases.h). */
	const char *name;
	/* What is being tried, in words. */
	char scene[400];
} choices;

static unsigned int next_byte(void)
{
	return choices.at < choices.len ? choices.bytes[choices.at++] : 0;
}

static int is_over(void)
{
	return choices.at >= choices.len;
}

/* A number below n, as the string says; 0 once that is over, so 0 has to be the quiet choice. */
static unsigned int pick(unsigned int n)
{
	unsigned int number = next_byte();

	if (n > 256)
		number = number << 8 | next_byte();
	return n ? number % n : 0;
}

/* Never once the string is over. */
static int one_in(unsigned int n)
{
	return pick(n) == n - 1 && !is_over();
}

static size_t pick_size(void)
{
	static const size_t odd[] = { 1, 0, 2, 100, 4095, 4096, 4097, 8193, 16383, 16384, 16385, 32768, 65535, 65536,
				      65537, 131072 };

	return pick(3) ? odd[pick(sizeof odd / sizeof *odd)] : pick(40000);
}

/* Tells what happens, if somebody wants to know. */
__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	int before = errno;
	va_list arguments;

	if (!choices.tells)
		return;
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	errno = before;
}

static void end_of_world(void)
{
#ifdef WORLD_FUZZED
	abort();
#else
	char seed[32], shortage[16];

	if (choices.name)
		fprintf(stderr, "What happened: in the case \"%s\" of cases.h\n", choices.name);
	if (choices.tells || !choices.has_seed)
		_exit(1);
	fprintf(stderr, "What happened: (by hand: world %#llx %d)\n", (unsigned long long)choices.seed, choices.shortage);
	fflush(stderr);
	snprintf(seed, sizeof seed, "%#llx", (unsigned long long)choices.seed);
	(void)dup2(2, 1);
	(void)syscall(SYS_close_range, 3, ~0u, 0);
	snprintf(shortage, sizeof shortage, "%d", choices.shortage);
	execl("/proc/self/exe", "world", seed, shortage, (char *)NULL);
	_exit(1);
#endif
}

/* A fault of the library: the end of the program, and the story once more in words. */
__attribute__((format(printf, 1, 2), noreturn)) static void found(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "FOUND: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n    case: %s\n", choices.scene);
	end_of_world();
	abort();
}

/* What has to be so. */
#define SO(condition, ...) ((condition) ? (void)0 : found(__VA_ARGS__))

#endif
