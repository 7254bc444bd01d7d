/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* io_uring(7) by bare system calls: polls and their completions. Include after t.h. */
#ifndef T_URING_H
#define T_URING_H

#include <linux/io_uring.h>
#include <sys/mman.h>

struct t_uring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
	unsigned int prepared;
	void *maps[3];
	size_t sizes[3];
};

/* Skips the test where io_uring is not available. */
static inline struct t_uring t_uring(unsigned int entries)
{
	struct io_uring_params is = { 0 };
	struct t_uring ring = { 0 };
	char *sq, *cq;

	ring.fd = (int)syscall(SYS_io_uring_setup, entries, &is);
	if (ring.fd < 0)
		t_skip("io_uring is not available here");
	sq = mmap(NULL, is.sq_off.array + is.sq_entries * sizeof(unsigned int), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQ_RING);
	cq = mmap(NULL, is.cq_off.cqes + is.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_CQ_RING);
	ring.sqes = mmap(NULL, is.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, ring.fd, IORING_OFF_SQES);
	MUST(sq != MAP_FAILED && cq != MAP_FAILED && (void *)ring.sqes != MAP_FAILED);
	memcpy(ring.maps, (void *[]){ sq, cq, ring.sqes }, sizeof ring.maps);
	ring.sizes[0] = is.sq_off.array + is.sq_entries * sizeof(unsigned int);
	ring.sizes[1] = is.cq_off.cqes + is.cq_entries * sizeof(struct io_uring_cqe);
	ring.sizes[2] = is.sq_entries * sizeof(struct io_uring_sqe);
	ring.sq_tail = (unsigned int *)(void *)(sq + is.sq_off.tail);
	ring.sq_mask = (unsigned int *)(void *)(sq + is.sq_off.ring_mask);
	ring.sq_array = (unsigned int *)(void *)(sq + is.sq_off.array);
	ring.cq_head = (unsigned int *)(void *)(cq + is.cq_off.head);
	ring.cq_tail = (unsigned int *)(void *)(cq + is.cq_off.tail);
	ring.cq_mask = (unsigned int *)(void *)(cq + is.cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(void *)(cq + is.cq_off.cqes);
	return ring;
}

static inline void t_uring_close(struct t_uring *ring)
{
	for (int i = 0; i < 3; i++)
		MUST(munmap(ring->maps[i], ring->sizes[i]) == 0);
	MUST(close(ring->fd) == 0);
}

static inline void t_uring_ask(struct t_uring *ring, int fd, unsigned int events, uint64_t data, unsigned int flags)
{
	unsigned int tail = *ring->sq_tail, at = tail & *ring->sq_mask;

	ring->sqes[at] = (struct io_uring_sqe){ .opcode = IORING_OP_POLL_ADD, .fd = fd, .len = flags,
						.user_data = data };
	ring->sqes[at].poll32_events = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? events << 16 : events;
	ring->sq_array[at] = at;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	ring->prepared++;
}

/* Asks for one completion, with `data`, when one of these events occurs. */
static inline void t_uring_poll(struct t_uring *ring, int fd, unsigned int events, uint64_t data)
{
	t_uring_ask(ring, fd, events, data, 0);
}

/* Asks for a completion each time that one of these events occurs. */
static inline void t_uring_poll_multi(struct t_uring *ring, int fd, unsigned int events, uint64_t data)
{
	t_uring_ask(ring, fd, events, data, IORING_POLL_ADD_MULTI);
}

static inline void t_uring_enter(struct t_uring *ring, unsigned int least)
{
	long n;

	while ((n = syscall(SYS_io_uring_enter, ring->fd, ring->prepared, least, IORING_ENTER_GETEVENTS, NULL, 0)) < 0)
		MUST(errno == EINTR);
	MUST((unsigned int)n == ring->prepared);
	ring->prepared = 0;
}

/* Submits what is prepared, and waits for a completion. */
static inline void t_uring_wait(struct t_uring *ring)
{
	/* valgrind takes io_uring_enter(2) for a call that never waits, and lets no other thread run meanwhile. */
	if (t_slower() > 1) {
		t_uring_enter(ring, 0);
		while (poll(&(struct pollfd){ .fd = ring->fd, .events = POLLIN }, 1, -1) < 0)
			MUST(errno == EINTR);
	}
	t_uring_enter(ring, 1);
}

/* Stores the next completion. Returns whether there was one. */
static inline int t_uring_next(struct t_uring *ring, struct io_uring_cqe *completion)
{
	unsigned int head = *ring->cq_head;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return 0;
	*completion = ring->cqes[head & *ring->cq_mask];
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return 1;
}

#endif
