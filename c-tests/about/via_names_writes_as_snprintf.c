/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* zs_via_names writes a set of mechanisms as snprintf(3) would, into any room, and not a byte beyond. */
#include <zsplice.h>
#include "t.h"

#define ROOM 1024

/* What it has to write: the names in the order of their bits. */
static size_t expected(uint32_t via, char *text)
{
	size_t len = 0;

	if (via == 0)
		return (size_t)sprintf(text, "nothing");
	for (uint32_t bit = 1; bit; bit <<= 1) {
		if (!(via & bit))
			continue;
		len += (size_t)sprintf(text + len, "%s", len ? ", " : "");
		len += (size_t)(zs_via_name(bit) ? sprintf(text + len, "%s", zs_via_name(bit))
						 : sprintf(text + len, "%#x", bit));
	}
	return len;
}

/* Every size from none to more than it takes. */
static void every_room(uint32_t via)
{
	char wanted[ROOM], cut[ROOM], room[ROOM + 1];
	size_t len = expected(via, wanted);

	MUST(len + 2 < ROOM);
	for (size_t size = 0; size <= len + 2; size++) {
		t_scene("%#x into %zu bytes", via, size);
		memset(room, '!', sizeof room);
		memset(cut, '!', sizeof cut);
		MUST(snprintf(cut, size, "%s", wanted) == (int)len);
		T_EQ(zs_via_names(via, room, size), len);
		OK(memcmp(room, cut, sizeof cut) == 0);
	}
	t_scene("%#x", via);
	T_EQ(zs_via_names(via, NULL, 0), len);
	T_EQ(zs_via_names(via, NULL, 7), len);
	T_EQ(zs_via_names(via, NULL, SIZE_MAX), len);
	memset(room, '!', sizeof room);
	T_EQ(zs_via_names(via, room, SIZE_MAX), len);
	OK(memcmp(room, wanted, len + 1) == 0 && room[len + 1] == '!');
}

static int says(uint32_t via, const char *wanted)
{
	char text[64];

	return zs_via_names(via, text, sizeof text) == strlen(wanted) && strcmp(text, wanted) == 0;
}

int main(void)
{
	errno = EINTR;
	OK(says(0, "nothing"));
	OK(says(ZS_VIA_CLONE | ZS_VIA_READ_WRITE, "clone, read/write"));
	OK(says(ZS_VIA_COPY_RANGE, "copy_file_range"));
	OK(says(0x40, "0x40"));
	OK(says(0x80000008, "splice, 0x80000000"));
	T_EQ(errno, EINTR);
	for (uint32_t via = 0; via < 0x100; via++)
		every_room(via);
	for (int place = 0; place < 32; place++)
		every_room(UINT32_MAX << place);
	T_EQ(errno, EINTR);
	return t_done();
}
