/* The bytes that go through the proxies: byte n of a connection is the same whoever sends it, so that
 * both sides can compare.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef RELAY_BYTES_H
#define RELAY_BYTES_H

#include "../ends.h"

enum {
	PERIOD = 251,
	LARGEST = 256 << 10,   /* message */
	PORTION = 256 * MiB    /* of bulk; bulk is only counted */
};

/* The purpose of a connection: its first byte, which the server sends back. */
enum { ECHO = 'E', SINK = 'S' };

static char pattern[LARGEST + PERIOD];

static inline void fill_pattern(void)
{
	for (size_t i = 0; i < sizeof pattern; i++)
		pattern[i] = (char)(i % PERIOD);
}

/* The next LARGEST bytes. */
static inline const char *bytes_at(size_t at)
{
	return pattern + at % PERIOD;
}

static inline bool are_right(const char *bytes, size_t at, size_t len)
{
	return memcmp(bytes, bytes_at(at), len) == 0;
}

#endif
