/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The library and the header have the same version, as one number. */
#include <zsplice.h>
#include "t.h"

#if ZS_VERSION != (ZS_VERSION_MAJOR << 16 | ZS_VERSION_MINOR << 8 | ZS_VERSION_PATCH)
#error ZS_VERSION is not made of its parts, or not for the preprocessor
#endif
#if ZS_VERSION < 0x000100
#error older than the first version
#endif

int main(void)
{
	errno = EINTR;
	T_EQ(zs_version(), ZS_VERSION);
	T_EQ(zs_version(), ZS_VERSION_MAJOR << 16 | ZS_VERSION_MINOR << 8 | ZS_VERSION_PATCH);
	if (T_EQ(zs_version() >> 16, 0))
		T_EQ(zs_version() >> 8 & 255, 1);
	T_EQ(errno, EINTR);
	return t_done();
}
