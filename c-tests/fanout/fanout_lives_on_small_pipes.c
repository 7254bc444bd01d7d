/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An ordinary user whose pipe quota is used up gets small pipes only. They suffice where read and write are
 * avoided. */
#include <zsplice.h>
#include "t.h"
#include "t_result.h"
#include "t_copy.h"
#include "t_fanout.h"

#define LEN (1 << 20)

int main(void)
{
	static struct t_fan fan;
	struct t_source source;

	t_source(&source, T_FROM_FILE, 0, LEN);
	t_fan_add(&fan, T_TO_FILE, 0, 0);
	t_fan_add(&fan, T_TO_NULL, 0, 0);
	t_fan_add(&fan, T_TO_PIPE, 0, 0);
	t_fan_add(&fan, T_TO_UNIX, 1, 0);
	t_spend_pipe_quota();
	T_EQ(T_FANOUT(source.fd, NULL, &fan, ZS_TO_END, .avoid = ZS_VIA_READ_WRITE), LEN);
	for (int i = 0; i < 4; i++)
		T_EQ(fan.results[i].copied, 0);
	OK(t_fan_whole(&fan, LEN));
	t_source_end(&source);
	return t_done();
}
