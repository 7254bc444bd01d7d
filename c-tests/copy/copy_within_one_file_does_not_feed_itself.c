/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Within one file ranges that overlap, and ZS_TO_END to an output at its end or beyond, are EINVAL before
 * anything is written, by whichever descriptors and names; ranges side by side are fine. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 40000

static int file, other, linked;

static int as_it_was(void)
{
	return t_size(file) == LEN && t_has_pattern(file, 0, LEN, 0);
}

static void refused(int in, int64_t from, int out, int64_t to, uint64_t len)
{
	struct zs_result result = t_unwritten();
	int64_t off_in = from, off_out = to;

	t_scene("%lld to %lld, %llu", (long long)from, (long long)to, (unsigned long long)len);
	/* By offset, by position, and one of each. */
	for (int how = 0; how < 4; how++) {
		if (in == out && how != 0)
			continue;
		MUST(lseek(in, how & 1 ? from : 3, SEEK_SET) >= 0);
		MUST(in == out || lseek(out, how & 2 ? to : 3, SEEK_SET) >= 0);
		T_EQ(zs_copy(in, how & 1 ? NULL : &off_in, out, how & 2 ? NULL : &off_out, len, NULL, &result),
		     -1);
		T_EQ(errno, EINVAL);
		OK(T_IS(result, .side = ZS_SIDE_CALL, .error = EINVAL));
		T_EQ(off_in, from);
		T_EQ(off_out, to);
		T_EQ(t_position(in), how & 1 ? from : 3);
		OK(in == out || t_position(out) == (how & 2 ? to : 3));
	}
	if (!OK(as_it_was()))
		t_put_pattern(file, 0, LEN, 0);
	MUST(ftruncate(file, LEN) == 0);
}

static void copied(int in, int64_t from, int out, int64_t to, uint64_t len, uint64_t wanted)
{
	struct zs_result result;
	int64_t off_in = from, off_out = to, size = LEN;

	t_scene("%lld to %lld, %llu", (long long)from, (long long)to, (unsigned long long)len);
	T_EQ(zs_copy(in, &off_in, out, &off_out, len, NULL, &result), (int64_t)wanted);
	T_EQ(off_in, from + (int64_t)wanted);
	T_EQ(off_out, to + (int64_t)wanted);
	OK(t_has_pattern(file, to, wanted, (uint64_t)from));
	if (to + (int64_t)wanted > size && wanted > 0)
		size = to + (int64_t)wanted;
	T_EQ(t_size(file), size);
	t_put_pattern(file, 0, LEN, 0);
	MUST(ftruncate(file, LEN) == 0);
}

int main(void)
{
	file = t_new("one");
	MUST(link("one", "same") == 0);
	t_put_pattern(file, 0, LEN, 0);
	other = t_reopen(file, O_RDWR);
	linked = open("same", O_RDWR);
	MUST(linked >= 0);
	MUST(unlink("one") == 0 && unlink("same") == 0);

	for (int i = 0; i < 3; i++) {
		int in = i == 0 ? file : other, out = i == 2 ? linked : file;

		refused(in, 0, out, 0, 1);
		refused(in, 0, out, 0, LEN);
		refused(in, 0, out, 0, ZS_TO_END);
		refused(in, 0, out, 9999, 10000);
		refused(in, 9999, out, 0, 10000);
		refused(in, 5000, out, 5001, 2);
		refused(in, 30000, out, 35000, ZS_TO_END);
		refused(in, 35000, out, 30001, ZS_TO_END);
		/* It would feed itself. */
		refused(in, 0, out, LEN, ZS_TO_END);
		refused(in, 100, out, LEN, ZS_TO_END);
		refused(in, 100, out, LEN + 5000, ZS_TO_END);
		refused(in, 0, out, LEN, (uint64_t)1 << 40);

		copied(in, 0, out, 10000, 10000, 10000);
		copied(in, 10000, out, 0, 10000, 10000);
		copied(in, 0, out, 20000, 20000, 20000);
		copied(in, 20000, out, 0, ZS_TO_END, 20000);
		copied(in, 35000, out, 10000, ZS_TO_END, 5000);
		copied(in, 35000, out, 30000, ZS_TO_END, 5000);
		copied(in, 0, out, LEN, LEN, LEN);
		copied(in, 10000, out, LEN, 30000, 30000);
		copied(in, 7, out, 8, 1, 1);
		copied(in, 8, out, 7, 1, 1);
		copied(in, 8, out, 8, 0, 0);
		copied(in, LEN, out, 0, ZS_TO_END, 0);
	}

	/* An output that appends is at the end, wherever its position is. */
	{
		int append = t_reopen(file, O_WRONLY | O_APPEND);

		T_EQ(zs_copy(file, &(int64_t){ 0 }, append, NULL, ZS_TO_END, NULL, NULL), -1);
		if (T_EQ(errno, EINVAL))
			OK(as_it_was());
		T_EQ(zs_copy(file, &(int64_t){ 100 }, append, NULL, 1000, NULL, NULL), 1000);
		if (T_EQ(t_size(file), LEN + 1000))
			OK(t_has_pattern(file, LEN, 1000, 100));
	}
	return t_done();
}
