/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in the order in which an output has to get them: those of an input, and those that were fed. */
#ifndef WORLD_FLOW_H
#define WORLD_FLOW_H

struct flow {
	/* The pattern of the input or, of a file, what it holds; and how many of its bytes are here. */
	uint64_t base, from_input;
	unsigned char *content;
	size_t content_len;
	unsigned char *bytes;
	size_t len, room;
};

static void flow_room(struct flow *flow, size_t len)
{
	if (len <= flow->room)
		return;
	flow->room = len + 65536;
	MUST((flow->bytes = realloc(flow->bytes, flow->room)) != NULL);
}

/* The next bytes of the input. */
static void flow_take(struct flow *flow, size_t count)
{
	if (count == 0)
		return;
	flow_room(flow, flow->len + count);
	if (!flow->content)
		t_pattern(flow->bytes + flow->len, count, flow->base + flow->from_input);
	else if (flow->from_input + count <= flow->content_len)
		memcpy(flow->bytes + flow->len, flow->content + flow->from_input, count);
	else
		found("more than the file holds");
	flow->len += count;
	flow->from_input += count;
}

static void flow_feed(struct flow *flow, const void *bytes, size_t count)
{
	if (count == 0)
		return;
	flow_room(flow, flow->len + count);
	memcpy(flow->bytes + flow->len, bytes, count);
	flow->len += count;
}

/* Bytes that will not be delivered. */
static void flow_cut(struct flow *flow, size_t at, size_t count)
{
	memmove(flow->bytes + at, flow->bytes + at + count, flow->len - at - count);
	flow->len -= count;
}

/* Whether these are the bytes from `at` on. Whatever is not here yet comes from the input. */
static int flow_has(struct flow *flow, size_t at, const void *bytes, size_t count)
{
	if (flow->len < at + count)
		flow_take(flow, at + count - flow->len);
	return count == 0 || memcmp(flow->bytes + at, bytes, count) == 0;
}

static void flow_end(struct flow *flow)
{
	free(flow->bytes);
	free(flow->content);
	*flow = (struct flow){ 0 };
}

#endif
