/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signals that arrive all the time do not disturb a bridge, nor a fan-out. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_bridge.h"
#include "t_fanout.h"

#define LEN 4000001

int main(void)
{
	struct zs_result results[2];
	static struct t_fan fan;
	struct t_source source;
	struct t_side a, b;

	for (int kind = 0; kind < T_BY_FILES; kind++) {
		t_side(&a, (enum t_side_kind)kind, 0, LEN, 0);
		t_side(&b, T_BY_UNIX, kind & 1, LEN, 0);
		a.delay_ms = b.delay_ms = 10;
		t_side_start(&a);
		t_side_start(&b);
		t_signal_storm(300);
		errno = 123;
		T_EQ(T_BRIDGE(&a, &b, results, 0), 0);
		T_EQ(errno, 123);
		t_signal_storm(0);
		T_EQ(results[0].bytes, LEN);
		T_EQ(results[1].bytes, LEN);
		if (T_EQ(t_side_got(&a), LEN))
			T_EQ(t_side_got(&b), LEN);
	}
	for (int from = 0; from < T_FROMS; from++) {
		t_source(&source, (enum t_from)from, 0, LEN);
		for (int to = 0; to < T_OUTS; to++)
			if (to != T_TO_PTY)
				t_fan_add(&fan, (enum t_out)to, to & 1, 20);
		t_signal_storm(300);
		errno = 123;
		T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, 0), LEN);
		T_EQ(errno, 123);
		t_signal_storm(0);
		OK(t_fan_whole(&fan, LEN));
		t_source_end(&source);
	}
	OK(t_signals > 10);
	return t_done();
}
