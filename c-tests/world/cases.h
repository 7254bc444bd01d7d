/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Plays that are always played first: what libFuzzer has found, by its name, each in the bytes that it found. */
#ifndef WORLD_CASES_H
#define WORLD_CASES_H

/* `world FILE` prints the line of what is in FILE. */
static const struct {
	const char *name, *hex;
} cases[] = {
	/* Nothing happens on the way, in any engine. */
	{ "quiet copy", "00" },
	{ "quiet fan-out", "01" },
	{ "quiet bridge", "02" },
	{ "quiet relay", "03" },
	{ "quiet full", "04" },
	{ "quiet duplex", "05" },
};

/* The bytes that `hex` says, two figures each. */
static size_t bytes_of(const char *hex, unsigned char *bytes, size_t most)
{
	size_t len = strlen(hex) / 2;

	MUST(len <= most);
	for (size_t i = 0; i < len; i++)
		MUST(sscanf(hex + 2 * i, "%2hhx", &bytes[i]) == 1);
	return len;
}

#endif
