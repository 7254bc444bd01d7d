/* What became of a transfer. After t.h. */
#ifndef T_RESULT_H
#define T_RESULT_H

/* A result that nobody has written. */
static inline struct zs_result t_unwritten(void)
{
	struct zs_result result;

	memset(&result, 0xa5, sizeof result);
	return result;
}

/* Whether a result is this one to the last bit; fields that are not named are zero. */
#define T_IS(result, ...) t_is(&(result), &(struct zs_result){ __VA_ARGS__ })

static inline int t_is(const struct zs_result *is, const struct zs_result *wanted)
{
	const struct zs_result *each[2] = { is, wanted };
	int before = errno, same = memcmp(is, wanted, sizeof *is) == 0;

	for (int i = 0; i < 2 && !same; i++)
		fprintf(stderr, "%s: bytes %llu in_flight %llu copied %llu holes %llu via 0x%x side %u "
			"error %d spare %u %u %u %u %u\n", i ? "wanted" : "result",
			(unsigned long long)each[i]->bytes, (unsigned long long)each[i]->in_flight,
			(unsigned long long)each[i]->copied, (unsigned long long)each[i]->holes,
			each[i]->via, each[i]->side, each[i]->error, each[i]->spare[0], each[i]->spare[1],
			each[i]->spare[2], each[i]->spare[3], each[i]->spare[4]);
	errno = before;
	return same;
}

#endif
