/* With an offset given the position of a descriptor stays also in between, when the input is searched for
 * holes: somebody who looks all the time never sees it elsewhere. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"

#define LEN ((size_t)64 << 20)
#define HERE 1234

static int in, out, over;

static void *watch(void *argument)
{
	int64_t looks = 0, elsewhere = 0;

	while (!__atomic_load_n(&over, __ATOMIC_SEQ_CST)) {
		elsewhere += lseek(in, 0, SEEK_CUR) != HERE;
		elsewhere += lseek(out, 0, SEEK_CUR) != HERE;
		looks++;
	}
	OK(elsewhere == 0 && looks > 1000);
	return argument;
}

int main(void)
{
	struct zs_result result;
	pthread_t thread;
	int64_t until = t_now_ms() + 300;

	in = t_file(0);
	out = t_file(0);
	MUST(ftruncate(in, LEN) == 0);
	for (size_t at = 0; at < LEN; at += 1 << 20)
		t_put_pattern(in, (int64_t)at + 4096, 8192, at);
	MUST(lseek(in, HERE, SEEK_SET) == HERE && lseek(out, HERE, SEEK_SET) == HERE);
	thread = t_thread(watch, NULL);
	do {
		int64_t off_in = 0, off_out = 0;

		OK(zs_copy(in, &off_in, out, &off_out, ZS_TO_END, NULL, &result) == (int64_t)LEN);
		OK(off_in == (int64_t)LEN && off_out == (int64_t)LEN);
		OK(result.holes >= LEN - (LEN >> 20) * 16384 && result.holes < LEN);
	} while (t_now_ms() < until);
	__atomic_store_n(&over, 1, __ATOMIC_SEQ_CST);
	t_join(thread);
	OK(t_same_bytes(in, out));
	return t_done();
}
