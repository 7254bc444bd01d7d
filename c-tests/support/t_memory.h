/* Memory that runs short. After t.h. */
#ifndef T_MEMORY_H
#define T_MEMORY_H

/* From now on there are `spare` bytes more to be had, and what malloc(3) has at hand. There is no way back. */
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

#endif
