/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* With ZS_STABLE the receiver's bytes do not change when the input file changes after the copy has returned: by
 * a write, by truncation or by punching a hole. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN 40000

static void changed(int file, int how)
{
	if (how == 0) {
		t_put_pattern(file, 0, LEN, 7777);
	} else if (how == 1) {
		MUST(ftruncate(file, 10) == 0 && ftruncate(file, LEN) == 0);
	} else {
		(void)fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5, LEN - 10);
		MUST(pwrite(file, "???", 3, 1) == 3);
	}
}

static void received(int out, int to, int how, uint32_t more)
{
	if (!OK(t_gives_pattern(out, LEN, 0)))
		fprintf(stderr, "... to %s, change %d, with %#x\n", t_stream_name(to), how, more);
}

static void from_file(int file, enum t_stream to, int how, uint32_t more)
{
	struct zs_result result;
	int out[2];

	t_stream(to, out);
	t_put_pattern(file, 0, LEN, 0);
	T_EQ(T_COPY(file, &(int64_t){ 0 }, out[1], NULL, LEN, &result, .flags = ZS_STABLE | more), LEN);
	T_EQ(result.bytes, LEN);
	changed(file, how);
	received(out[0], to, how, more);
	t_close2(out);
}

/* A pipe may hold pages of a file, too. */
static void from_pipe(int file, enum t_stream to, int how)
{
	int out[2], in[2];

	t_stream(to, out);
	MUST(pipe(in) == 0);
	t_put_pattern(file, 0, LEN, 0);
	MUST(zs_splice_full(file, &(int64_t){ 0 }, in[1], NULL, LEN, 0, NULL) == LEN);
	T_EQ(T_COPY(in[0], NULL, out[1], NULL, LEN, NULL, .flags = ZS_STABLE), LEN);
	changed(file, how);
	received(out[0], to, how, 0);
	t_close2(out);
	t_close2(in);
}

/* Another file has bytes of its own in any case. */
static void to_file(int file, int how, uint32_t flags)
{
	int out = t_file(0);

	t_put_pattern(file, 0, LEN, 0);
	T_EQ(T_COPY(file, &(int64_t){ 0 }, out, NULL, LEN, NULL, .flags = flags), LEN);
	changed(file, how);
	OK(t_has_pattern(out, 0, LEN, 0));
	MUST(close(out) == 0);
}

int main(void)
{
	int files[2] = { t_file(LEN), memfd_create("t", 0) }, aliased[2];
	char byte;

	MUST(files[1] >= 0);
	/* To show that the test can fail: a plain splice(2) passes on the page itself. */
	MUST(pipe(aliased) == 0);
	MUST(zs_splice_full(files[0], &(int64_t){ 0 }, aliased[1], NULL, LEN, 0, NULL) == LEN);
	changed(files[0], 0);
	MUST(read(aliased[0], &byte, 1) == 1 && (unsigned char)byte == t_pattern_at(7777));

	for (int i = 0; i < 2; i++)
		for (int how = 0; how < 3; how++) {
			for (int to = T_A_PIPE; to <= T_A_TCP; to++) {
				from_file(files[i], (enum t_stream)to, how, 0);
				from_file(files[i], (enum t_stream)to, how, ZS_MORE);
				from_file(files[i], (enum t_stream)to, how, ZS_GROW_PIPE);
				from_pipe(files[i], (enum t_stream)to, how);
			}
			to_file(files[i], how, ZS_STABLE);
			to_file(files[i], how, 0);
		}
	return t_done();
}
