/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every function, with one success and one failure: it returns -1 and sets errno if it fails, and otherwise
 * leaves errno as it was. */
#include <zsplice.h>
#include <sys/uio.h>
#include "t.h"
#include "t_result.h"

static int file, out, in[2], into[2], copy[2];
static struct zs_result result;

/* `bad` is a descriptor that makes it fail, or -2 for none. */
#define IN (bad == -2 ? file : bad)
#define PIPE (bad == -2 ? in[0] : bad)

static int64_t splice_once(int bad) { return zs_splice(IN, &(int64_t){ 0 }, into[1], NULL, 4, 0); }
static int64_t tee_once(int bad) { return zs_tee(PIPE, copy[1], 4, 0); }
static int64_t vmsplice_once(int bad)
{
	return zs_vmsplice(bad == -2 ? into[1] : bad, &(struct iovec){ "four", 4 }, 1, 0);
}
static int64_t copy_once(int bad) { return zs_copy_range(IN, &(int64_t){ 0 }, out, NULL, 4, 0); }
static int64_t send_once(int bad) { return zs_sendfile(out, IN, &(int64_t){ 0 }, 4); }
static int64_t splice_retry(int bad)
{
	return zs_splice_retry(IN, &(int64_t){ 0 }, into[1], NULL, 4, 0);
}
static int64_t tee_retry(int bad) { return zs_tee_retry(PIPE, copy[1], 4, 0); }
static int64_t copy_retry(int bad)
{
	return zs_copy_range_retry(IN, &(int64_t){ 0 }, out, NULL, 4, 0);
}
static int64_t send_retry(int bad) { return zs_sendfile_retry(out, IN, &(int64_t){ 0 }, 4, 0); }
static int64_t splice_full(int bad)
{
	return zs_splice_full(IN, &(int64_t){ 0 }, into[1], NULL, 4, 0, &result);
}
static int64_t tee_full(int bad) { return zs_tee_full(PIPE, copy[1], into[1], 4, 0, &result); }
static int64_t copy_full(int bad)
{
	return zs_copy_range_full(IN, &(int64_t){ 0 }, out, NULL, 4, 0, &result);
}
static int64_t send_full(int bad)
{
	return zs_sendfile_full(out, IN, &(int64_t){ 0 }, 4, 0, &result);
}

static const struct {
	const char *name;
	int64_t (*call)(int bad);
	int full;
} table[] = {
	{ "zs_splice", splice_once, 0 }, { "zs_tee", tee_once, 0 }, { "zs_vmsplice", vmsplice_once, 0 },
	{ "zs_copy_range", copy_once, 0 }, { "zs_sendfile", send_once, 0 },
	{ "zs_splice_retry", splice_retry, 0 }, { "zs_tee_retry", tee_retry, 0 },
	{ "zs_copy_range_retry", copy_retry, 0 }, { "zs_sendfile_retry", send_retry, 0 },
	{ "zs_splice_full", splice_full, 1 }, { "zs_tee_full", tee_full, 1 },
	{ "zs_copy_range_full", copy_full, 1 }, { "zs_sendfile_full", send_full, 1 },
};

int main(void)
{
	file = t_file(100);
	out = t_file(0);
	MUST(pipe(in) == 0 && pipe(into) == 0 && pipe(copy) == 0);
	MUST(write(in[1], "a few bytes to tee and to move", 30) == 30);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int before = t_failures;

		for (int error = 0; error < 200; error += 41) {
			errno = error;
			T_EQ(table[i].call(-2), 4);
			T_EQ(errno, error);
			OK(!table[i].full || (result.error == 0 && result.side == 0));
			if (table[i].call == tee_full)
				MUST(write(in[1], "more", 4) == 4);
			t_drain(into[0], (size_t)t_bytes_available(into[0])); /* sixteen pieces fill the pipe */
			t_drain(copy[0], (size_t)t_bytes_available(copy[0]));

			/* Whatever errno was before, even the same value. */
			errno = error ? error : EBADF;
			result = t_unwritten();
			T_EQ(table[i].call(987), -1);
			T_EQ(errno, EBADF);
			OK(!table[i].full || T_IS(result, .side = ZS_SIDE_CALL, .error = EBADF));
		}
		if (t_failures != before)
			fprintf(stderr, "... that was %s\n", table[i].name);
	}
	errno = 123;
	T_EQ(zs_version(), ZS_VERSION);
	T_EQ(errno, 123);
	OK(zs_via_name(ZS_VIA_TEE) != NULL);
	T_EQ(errno, 123);
	OK(zs_via_name(3) == NULL);
	T_EQ(errno, 123);
	return t_done();
}
