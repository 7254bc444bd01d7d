/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The values of constants never change, since programs have them compiled in. */
#include <zsplice.h>
#include "t.h"

#if ZS_VIA_CLONE + ZS_VIA_COPY_RANGE + ZS_VIA_SENDFILE + ZS_VIA_SPLICE + ZS_VIA_TEE \
	+ ZS_VIA_READ_WRITE != 0x3f
#error the mechanisms are six bits, also for the preprocessor
#endif

int main(void)
{
	T_EQ(ZS_TO_END, UINT64_MAX);
	T_EQ(sizeof ZS_TO_END, 8);
	T_EQ(ZS_VIA_CLONE, 0x01);
	T_EQ(ZS_VIA_COPY_RANGE, 0x02);
	T_EQ(ZS_VIA_SENDFILE, 0x04);
	T_EQ(ZS_VIA_SPLICE, 0x08);
	T_EQ(ZS_VIA_TEE, 0x10);
	T_EQ(ZS_VIA_READ_WRITE, 0x20);
	T_EQ(ZS_SIDE_IN, 1);
	T_EQ(ZS_SIDE_OUT, 2);
	T_EQ(ZS_SIDE_CALL, 3);
	return t_done();
}
