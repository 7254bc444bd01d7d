/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results of transfers. Include after t.h. */
#ifndef T_RESULT_H
#define T_RESULT_H

/* A result whose every byte is 0xa5, so that a field that is not written shows. */
static inline struct zs_result t_unwritten(void)
{
	struct zs_result result;

	memset(&result, 0xa5, sizeof result);
	return result;
}

/* Whether a result equals this one in every byte. Fields that are not named are zero. */
#define T_IS(result, ...) t_is(&(result), &(struct zs_result){ __VA_ARGS__ })

static inline int t_is(const struct zs_result *is, const struct zs_result *wanted)
{
	const struct zs_result *each[2] = { is, wanted };
	int before = errno, same = memcmp(is, wanted, sizeof *is) == 0;

	for (int i = 0; i < 2 && !same; i++)
		fprintf(stderr, "%s: bytes %llu in_flight %llu copied %llu holes %llu via %s side %s error "
			"%s refused %s refusal %s index %u spare %u %u\n", i ? "wanted" : "result",
			(unsigned long long)each[i]->bytes, (unsigned long long)each[i]->in_flight,
			(unsigned long long)each[i]->copied, (unsigned long long)each[i]->holes, t_via_words(each[i]->via),
			t_side_word(each[i]->side), t_errno_name(each[i]->error), t_via_words(each[i]->refused),
			t_errno_name(each[i]->refusal), each[i]->index, each[i]->spare[0], each[i]->spare[1]);
	errno = before;
	return same;
}

#endif
