/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Limits the memory of the process. Include after t.h. */
#ifndef T_MEMORY_H
#define T_MEMORY_H

/* From now on the process can map `spare` more bytes; what malloc(3) already holds comes on top. It cannot be
 * undone. */
static inline void t_limit_memory(size_t spare)
{
	unsigned long pages;
	struct rlimit limit;
	FILE *file = fopen("/proc/self/statm", "r");

	MUST(file != NULL && fscanf(file, "%lu", &pages) == 1 && fclose(file) == 0);
	free(malloc(1));
	limit.rlim_cur = limit.rlim_max = pages * (size_t)sysconf(_SC_PAGESIZE) + spare;
	MUST(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Whether a tool would have to share what is left: a sanitizer, or what the program runs under. */
static inline int t_shares_memory(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 1;
#else
	return getenv("ZS_TEST_UNDER") != NULL;
#endif
}

#endif
