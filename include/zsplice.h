/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * zsplice.h - moves bytes between descriptors inside the Linux kernel. See zsplice(7).
 *
 * What holds for every function:
 *
 * - Functions that move bytes return how many, or -1 with errno set. Functions that make a handle
 *   return it, or NULL with errno set. Others return 0, or -1 with errno set.
 * - After a success errno has the value it had before the call. After a failure it is the error
 *   that decided the outcome, and result->error equals it.
 * - If zs_copy, zs_fanout or a _full function returns fewer than `len` bytes, or zs_relay_run
 *   returns 0 before `len` bytes are delivered, the input has ended: there is no other reason. The
 *   calls and _retry may return fewer for any reason that the kernel has.
 * - Offsets are int64_t on every platform. NULL: the descriptor's own offset is used and advanced.
 *   Not NULL: bytes are read or written there, *off is advanced by the bytes moved, and the
 *   descriptor's own offset stays.
 * - The caller's descriptors are never closed, and their flags never changed.
 * - Any thread may call any function at any time: no lock is held across a system call. No function
 *   is a cancellation point, and none unwinds into the caller. The calls, _retry and _full are also
 *   safe to call from a signal handler and between fork and exec; the others allocate memory.
 *
 * Printed by cbindgen from src/ (make header); do not edit. */

#ifndef ZSPLICE_H
#define ZSPLICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The compiler warns if the result is not used. Define it empty before including this to turn that
 * off. */
#ifndef ZS_NODISCARD
#ifdef __GNUC__
#define ZS_NODISCARD __attribute__((warn_unused_result))
#else
#define ZS_NODISCARD
#endif
#endif

/* No function throws C++ exceptions. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define ZS_NOEXCEPT noexcept
#else
#define ZS_NOEXCEPT
#endif

/* The compiler warns if what the function returns is freed by another function than this. */
#if defined(__GNUC__) && __GNUC__ >= 11 && !defined(__clang__)
#define ZS_FREED_BY(function) __attribute__((malloc(function, 1)))
#else
#define ZS_FREED_BY(function)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define ZS_TO_END 0xffffffffffffffffu /* A length: until the input ends. */

/**
 * Outcome of a transfer. Every member is written, on success and on failure.
 *
 * 64 bytes on every platform, frozen.
 *
 * @since 0.1
 */
struct zs_result {
        /**
         * Bytes delivered to the output, holes included.
         */
        uint64_t bytes;
        /**
         * Bytes consumed from the input but not delivered; they cannot be read again. zs_tee_full:
         * bytes that are in fd_copy but not yet in fd_out; they are still in fd_in.
         */
        uint64_t in_flight;
        /**
         * The part of `bytes` that passed through user memory.
         */
        uint64_t copied;
        /**
         * The part of `bytes` that the library left as holes in the output. Holes that a clone or
         * copy_file_range(2) left are not counted.
         */
        uint64_t holes;
        /**
         * ZS_VIA_*: every mechanism that delivered bytes.
         */
        uint32_t via;
        /**
         * ZS_SIDE_*: where the error occurred. 0: no error, or a system call that touches both
         * sides failed and its errno does not say which.
         */
        uint32_t side;
        /**
         * The errno value of the failure, or 0.
         */
        int32_t error;
        /**
         * ZS_VIA_*: every mechanism that was tried in this transfer and refused. One that refused
         * only later has delivered bytes, too.
         */
        uint32_t refused;
        /**
         * The errno value of the first of these refusals, or 0. (0 bytes from an input that has not
         * ended: EOPNOTSUPP.)
         */
        int32_t refusal;
        /**
         * zs_bridge: 0 from a to b, 1 from b to a. zs_fanout: which output. Otherwise 0.
         */
        uint32_t index;
        /**
         * Zero.
         */
        uint32_t spare[2];
};

/* Mechanisms: zs_result.via and zs_options.avoid. */
#define ZS_VIA_CLONE      0x01u /* FICLONE or FICLONERANGE: the blocks are shared. */
#define ZS_VIA_COPY_RANGE 0x02u /* copy_file_range(2). */
#define ZS_VIA_SENDFILE   0x04u /* sendfile(2). */
#define ZS_VIA_SPLICE     0x08u /* splice(2). */
#define ZS_VIA_TEE        0x10u /* tee(2). */
#define ZS_VIA_READ_WRITE 0x20u /* read(2) and write(2), through user memory. */

/* Sides: zs_result.side. */
#define ZS_SIDE_IN   1u /* Reading the input failed. */
#define ZS_SIDE_OUT  2u /* Writing the output failed. */
#define ZS_SIDE_CALL 3u /* The arguments, a timeout, a cancel, or the library's own resources. */

/**
 * Options of a transfer. All zero: the defaults.
 *
 * @since 0.1
 */
struct zs_options {
        /**
         * sizeof(struct zs_options). 0 stands for the size in version 0.1, in all later versions
         * too. A smaller size is EINVAL. If it is larger than the library knows, the rest has to
         * be zero (E2BIG).
         */
        uint32_t size;
        /**
         * The flags below. EINVAL: unknown flags, and flags that contradict each other.
         *
         * ZS_INTERRUPT is best effort: a signal between two waits is missed; use cancel_fd or
         * progress to be sure. Without it signals do not end a transfer.
         *
         * ZS_CLONE shares every block that is completely in both ranges and copies the edges
         * (everything, if there is no whole block). If the kernel refuses, the transfer fails with
         * the kernel's error and nothing is written (EINVAL: the two ranges are not aligned
         * alike).
         *
         * ZS_NO_CLONE also rules out copy_file_range(2), which may share blocks without telling.
         *
         * ZS_STABLE: the output gets the bytes as they are when they are read.
         *
         * ZS_GROW_PIPE changes nothing but the capacity for others who use the pipe.
         */
        uint32_t flags;
        /**
         * Fail with ETIMEDOUT after this many nanoseconds; 0: no limit. Negative: EINVAL.
         */
        int64_t timeout_ns;
        /**
         * Fail with ETIMEDOUT after this many nanoseconds without a byte moved; 0: no limit.
         * Negative: EINVAL.
         */
        int64_t idle_ns;
        /**
         * With ZS_CANCEL_FD: fail with ECANCELED once this descriptor is readable.
         */
        int32_t cancel_fd;
        /**
         * ZS_VIA_*: mechanisms that are neither used nor tried. EOPNOTSUPP if none is left.
         */
        uint32_t avoid;
        /**
         * Called after every step, unless NULL; the transfer fails with ECANCELED if it returns
         * anything but 0. It must not throw or longjmp.
         */
        int (*progress)(void *context, const struct zs_result *so_far);
        /**
         * Passed to progress.
         */
        void *context;
        /**
         * zs_bridge: as idle_ns, but only once one direction is over; 0: no limit. Negative:
         * EINVAL.
         */
        int64_t half_idle_ns;
        /**
         * Move at most this many bytes per second, over any second and more, in each direction; 0:
         * no limit. Steps become small enough for that to be even. Shared blocks and holes are not
         * counted.
         */
        uint64_t rate;
};

/* Flags: zs_options.flags. */
#define ZS_INTERRUPT   0x0002u /* Fail with EINTR if a signal arrives during a wait. */
#define ZS_NOSIGPIPE   0x0004u /* EPIPE without SIGPIPE; one that is pending already stays. */
#define ZS_MORE        0x0008u /* More follows at once: let a socket hold the last packet. */
#define ZS_STABLE      0x0010u /* Never hand on pages of a file that may still change. */
#define ZS_CLONE       0x0040u /* Share blocks or fail: cp --reflink=always. */
#define ZS_NO_CLONE    0x0080u /* Never share blocks: cp --reflink=never. */
#define ZS_FILL_HOLES  0x0100u /* Write holes as zeroes. */
#define ZS_CANCEL_FD   0x0200u /* `cancel_fd` is set. */
#define ZS_DROP_FAILED 0x0400u /* zs_fanout: go on without an output that failed. */
#define ZS_GROW_PIPE   0x0800u /* Enlarge the caller's pipe, up to 1 MiB: several times faster. */
#define ZS_EITHER_END  0x1000u /* zs_bridge: return once either direction has ended. */

/* Initializes a struct zs_options with the defaults, in C and C++:
 * struct zs_options options = ZS_OPTIONS_INIT; */
#define ZS_OPTIONS_INIT { sizeof(struct zs_options), 0, 0, 0, 0, 0, NULL, NULL, 0, 0 }

/* Copy: from any descriptor to any other
 *
 * Copies between files, pipes, FIFOs, stream sockets, terminals, devices, /proc and /sys. It picks
 * the best mechanism for the two descriptors, the length and the kernel. If the kernel refuses one,
 * even in the middle of a transfer, it continues with the next, and finally with read and write.
 * It waits for descriptors that would block, O_NONBLOCK or not. */

/**
 * Copies `len` bytes from one descriptor to another, fewer only if the input ends.
 *
 * Between files it shares blocks where the file system can, and keeps holes. It never truncates
 * the output. Without ZS_STABLE a pipe or a socket may be handed pages of the input file, and its
 * reader may then see what is written to that file later.
 *
 * @param fd_in    descriptor to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE)
 * @param fd_out   descriptor to write to
 * @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE) or has
 *                 O_APPEND (EINVAL)
 * @param len      bytes to copy, or ZS_TO_END
 * @param options  options of the transfer; NULL: the defaults
 * @param result   outcome of the transfer; may be NULL
 * @return bytes copied, or -1 with errno set: EINVAL also for ranges of one file that overlap,
 *         EPROTOTYPE for a socket that is no stream, ETIMEDOUT, ECANCELED, and EOPNOTSUPP if
 *         options rule out every mechanism
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_copy(int fd_in,
                int64_t *off_in,
                int fd_out,
                int64_t *off_out,
                uint64_t len,
                const struct zs_options *options,
                struct zs_result *result) ZS_NOEXCEPT;

/* Fan-out: one input to many outputs
 *
 * Every output gets every byte of the input once and in order, at the pace of the slowest. Where
 * possible the outputs share the bytes (tee(2)) instead of getting copies. */

/**
 * Copies `len` bytes from one descriptor to each of several others, fewer only if the input ends.
 *
 * An output that fails ends the call, or is left out from there on with ZS_DROP_FAILED. For each
 * output `bytes + in_flight` is the number of bytes read from the input while it took part.
 *
 * @param fd_in    descriptor to read from
 * @param off_in   offset to read at, advanced by the bytes read; NULL: the descriptor's own
 *                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE)
 * @param fds_out  descriptors to write to, each at its own offset; not NULL
 * @param count    number of these descriptors; 0 is EINVAL
 * @param len      bytes to copy, or ZS_TO_END
 * @param options  options of the transfer; NULL: the defaults
 * @param results  `count` outcomes, one for each output; may be NULL. The error of an output is
 *                 in its own outcome only; an error of the input, a timeout or a cancel is in all
 * @return bytes that every remaining output got, or -1 with errno set; if no output is left,
 *         errno is that of the last one to fail
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_fanout(int fd_in,
                  int64_t *off_in,
                  const int *fds_out,
                  size_t count,
                  uint64_t len,
                  const struct zs_options *options,
                  struct zs_result *results) ZS_NOEXCEPT;

/* Bridge: both directions at once */

/**
 * Moves bytes from `in_a` to `out_b` and from `in_b` to `out_a`, in the calling thread, until
 * both directions are over.
 *
 * When an input has ended and every byte of it is delivered, its output is shut down
 * (shutdown(2)) if it is a socket, and the other direction goes on (unless ZS_EITHER_END). The
 * other direction also goes on when an input or an output fails; only a connection error, such as
 * a reset, ends both directions of that connection. A timeout or a cancel ends each direction that
 * has not ended yet.
 *
 * @param in_a     descriptor to read side a from; a socket is both `in_a` and `out_a`
 * @param out_a    descriptor to write side a to
 * @param in_b     descriptor to read side b from; a socket is both `in_b` and `out_b`
 * @param out_b    descriptor to write side b to
 * @param options  options of the transfer; NULL: the defaults
 * @param results  two outcomes, first from a to b, then from b to a; may be NULL
 * @return 0 if both inputs have ended, or -1 with the error of the direction that failed first
 *
 * @since 0.1
 */
ZS_NODISCARD
int zs_bridge(int in_a,
              int out_a,
              int in_b,
              int out_b,
              const struct zs_options *options,
              struct zs_result *results) ZS_NOEXCEPT;

/* Duplex: both directions, in the caller's event loop
 *
 * What a proxy does with two connections. The descriptors are O_NONBLOCK (EINVAL), open for reading
 * and writing (EBADF) and stream-like (EPROTOTYPE), or regular files or block devices, which are
 * always ready. The ends and failures are those of zs_bridge. A program with edge-triggered
 * epoll(7) adds both descriptors once, with EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET,
 * and runs the duplex with the events that come; others wait for what zs_duplex_wants says. */

/** Both directions of bytes. Opaque. */
typedef struct zs_duplex zs_duplex;
/** Pipes that relays share; see zs_pool_new. Opaque. */
typedef struct zs_pool zs_pool;

/* Events: given to zs_duplex_run. */
#define ZS_EVENTS_ALL 0xffffffffu /* It is not known what was reported, as before the first run. */

/**
 * Frees a duplex. The caller's descriptors stay open; bytes in flight are lost.
 *
 * @param duplex  duplex to free; NULL: nothing is done
 *
 * @since 0.1
 */
void zs_duplex_free(zs_duplex *duplex) ZS_NOEXCEPT;

/**
 * Makes a duplex. Nothing is moved before zs_duplex_run.
 *
 * @param fd_a   descriptor of side a
 * @param fd_b   descriptor of side b
 * @param pool   pool to borrow pipes from; NULL: each direction makes a pipe when it first needs
 *               one, and keeps it
 * @param flags  ZS_NOSIGPIPE, ZS_STABLE
 * @return duplex, to be freed by zs_duplex_free, or NULL with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
zs_duplex *zs_duplex_new(int fd_a,
                         int fd_b,
                         zs_pool *pool,
                         unsigned int flags) ZS_NOEXCEPT ZS_FREED_BY(zs_duplex_free);

/**
 * Moves what can be moved without blocking, in the directions that the events concern.
 *
 * The events are those of poll(2) and epoll(7). A side of which something was not reported yet does
 * no harm; an event that was reported and is not passed on may never come again.
 *
 * @param duplex    duplex to run
 * @param events_a  what was reported of side a since the last run, or ZS_EVENTS_ALL if that is not
 *                  known, as before the first run
 * @param events_b  the same of side b
 * @param budget    most bytes to deliver in each direction; 0: 1 MiB
 * @return 1: wait for what zs_duplex_wants says; or ZS_WANT_RUN: run it again, with events or
 *         without; or 0 once both directions have ended well; or -1 once both are over, with the
 *         errno of the one that failed first
 *
 * @since 0.1
 */
ZS_NODISCARD
int zs_duplex_run(zs_duplex *duplex,
                  unsigned int events_a,
                  unsigned int events_b,
                  uint64_t budget) ZS_NOEXCEPT;

/**
 * Returns what to wait for after a run that returned 1: POLLIN, POLLOUT, both or, if a side is not
 * to be waited for, 0. The answer is exact, as that of zs_relay_run.
 *
 * @param duplex    duplex to ask
 * @param events_a  events to wait for of side a; may be NULL
 * @param events_b  events to wait for of side b; may be NULL
 *
 * @since 0.1
 */
void zs_duplex_wants(const zs_duplex *duplex,
                     unsigned int *events_a,
                     unsigned int *events_b) ZS_NOEXCEPT;

/**
 * Queues bytes that the caller has already read from a side. They follow what was read from there
 * so far, and precede the rest. Run the duplex then: no event follows.
 *
 * @param duplex  duplex to deliver them
 * @param side    0: they were read from side a; 1: from side b
 * @param bytes   bytes to queue; they are copied
 * @param len     number of bytes
 * @return 0, or -1 with errno set and nothing queued
 *
 * @since 0.1
 */
ZS_NODISCARD
int zs_duplex_feed(zs_duplex *duplex,
                   int side,
                   const void *bytes,
                   size_t len) ZS_NOEXCEPT;

/**
 * Returns the outcome of both directions so far.
 *
 * @param duplex   duplex to report on
 * @param results  two outcomes, first from a to b, then from b to a
 *
 * @since 0.1
 */
void zs_duplex_result(const zs_duplex *duplex, struct zs_result *results) ZS_NOEXCEPT;

/* Relay: one direction, in the caller's event loop
 *
 * A relay moves bytes between two descriptors that are O_NONBLOCK (EINVAL) and stream-like
 * (EPROTOTYPE), or regular files or block devices, which are always ready. It never blocks: each
 * run returns what to wait for. Only one thread may use a handle at a time, and a pool with all
 * its relays counts as one handle. After fork a child may only free handles. A handle that is NULL
 * is EFAULT, except for the _free functions. */

/** One direction of bytes. Opaque. */
typedef struct zs_relay zs_relay;

/* What to wait for: returned by zs_relay_run. */
#define ZS_WANT_READ  1 /* Wait until fd_in is readable. */
#define ZS_WANT_WRITE 2 /* Wait until fd_out is writable. */
#define ZS_WANT_RUN   4 /* The budget is used up: call again, there is nothing to wait for. */

/* Flags of zs_relay_new, beside ZS_NOSIGPIPE and ZS_STABLE. */
#define ZS_RELAY_SHUTDOWN 0x10000u /* Pass the end of the input on: shutdown(fd_out, SHUT_WR). */
#define ZS_RELAY_LEVEL    0x20000u /* Level-triggered poller: skip reads that only see EAGAIN. */

/**
 * Frees a pool and closes its pipes. All relays that use it have to be freed before.
 *
 * @param pool  pool to free; NULL: nothing is done
 *
 * @since 0.1
 */
void zs_pool_free(zs_pool *pool) ZS_NOEXCEPT;

/**
 * Makes a pool of pipes. A relay borrows one while bytes are in flight.
 *
 * @param pipes      most idle pipes to keep
 * @param pipe_size  capacity of a pipe in bytes; 0: the best
 * @return pool, to be freed by zs_pool_free, or NULL with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
zs_pool *zs_pool_new(size_t pipes,
                     size_t pipe_size) ZS_NOEXCEPT ZS_FREED_BY(zs_pool_free);

/**
 * Limits the pipes that the relays of a pool hold at once. Beyond the limit they copy through a
 * buffer.
 *
 * @param pool   pool to limit; NULL: nothing is done
 * @param pipes  most pipes out of the pool at once; 0: no limit
 *
 * @since 0.1
 */
void zs_pool_limit(zs_pool *pool, size_t pipes) ZS_NOEXCEPT;

/**
 * Frees a relay. The caller's descriptors stay open; bytes in flight are lost.
 *
 * @param relay  relay to free; NULL: nothing is done
 *
 * @since 0.1
 */
void zs_relay_free(zs_relay *relay) ZS_NOEXCEPT;

/**
 * Makes a relay. Nothing is moved before zs_relay_run.
 *
 * @param fd_in   descriptor to read from
 * @param fd_out  descriptor to write to
 * @param len     most bytes to read from fd_in, or ZS_TO_END; what follows stays there
 * @param pool    pool to borrow pipes from; NULL: the relay makes a pipe when it first needs one,
 *                and keeps it
 * @param flags   ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL
 * @return relay, to be freed by zs_relay_free, or NULL with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
zs_relay *zs_relay_new(int fd_in,
                       int fd_out,
                       uint64_t len,
                       zs_pool *pool,
                       unsigned int flags) ZS_NOEXCEPT ZS_FREED_BY(zs_relay_free);

/**
 * Moves what can be moved without blocking, and returns what to wait for.
 *
 * The answer is exact for level- and edge-triggered epoll(7), poll(2) and polls of io_uring.
 * (Remove a descriptor that is not named from a level-triggered epoll set: its errors cannot be
 * masked.) Bytes that came before an error of the input are delivered first.
 *
 * @param relay   relay to run
 * @param budget  most bytes to deliver; 0: 1 MiB
 * @return ZS_WANT_*; or 0 once `len` bytes, or all until the end of the input, are delivered; or
 *         -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD int zs_relay_run(zs_relay *relay, uint64_t budget) ZS_NOEXCEPT;

/**
 * Queues bytes that the caller has already read. They follow what was read from fd_in so far,
 * precede the rest, and do not count into `len`.
 *
 * @param relay  relay to deliver them
 * @param bytes  bytes to queue; they are copied
 * @param len    number of bytes
 * @return 0, or -1 with errno set and nothing queued
 *
 * @since 0.1
 */
ZS_NODISCARD int zs_relay_feed(zs_relay *relay, const void *bytes, size_t len) ZS_NOEXCEPT;

/**
 * Takes back bytes that were read and not delivered, oldest first, to deliver them some other way
 * or after an error. They are no longer counted in `in_flight`.
 *
 * @param relay  relay that has read them
 * @param bytes  buffer for the bytes
 * @param len    size of the buffer
 * @return bytes taken back, 0 if there are none, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD ssize_t zs_relay_take(zs_relay *relay, void *bytes, size_t len) ZS_NOEXCEPT;

/**
 * Allows more bytes to be read from fd_in.
 *
 * @param relay  relay that may read more
 * @param len    bytes to add to the limit, or ZS_TO_END
 * @return 0, or -1 with errno set
 *
 * @since 0.1
 */
int zs_relay_more(zs_relay *relay, uint64_t len) ZS_NOEXCEPT;

/**
 * Makes the two relays of a connection share connection errors: the kernel reports a reset only
 * once for each socket. Nobody else may read, write or query SO_ERROR on that socket.
 *
 * @param a  relay of one direction
 * @param b  relay of the other direction
 *
 * @since 0.1
 */
void zs_relay_pair(zs_relay *a, zs_relay *b) ZS_NOEXCEPT;

/**
 * Returns whether the input of a relay has ended. An input that failed has not.
 *
 * @param relay  relay to ask
 * @return 1 if it has, 0 if it has not or that is not known yet, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD int zs_relay_has_ended(const zs_relay *relay) ZS_NOEXCEPT;

/**
 * Returns the outcome of a relay so far.
 *
 * @param relay   relay to report on
 * @param result  outcome so far
 *
 * @since 0.1
 */
void zs_relay_result(const zs_relay *relay, struct zs_result *result) ZS_NOEXCEPT;

/* Full: a whole length with one mechanism
 *
 * Repeats the `_retry` function of the same name until `len` bytes have moved or the input ends.
 * If the kernel cannot move them this way, the kernel's error is returned. When the kernel returns
 * 0, they verify that the input has ended: a regular file by a one-byte read at that offset
 * (EOPNOTSUPP if there is more and the kernel returns 0 again), a stream socket by a peek (EAGAIN
 * if there is more, as after TCP urgent data), and a pipe by poll(2): it has ended once it has no
 * writer. An error ends the transfer but undoes nothing: `result->bytes` have moved. With
 * SPLICE_F_NONBLOCK these functions do not wait; the system call itself may still block on a
 * blocking descriptor. */

/**
 * Moves `len` bytes between a pipe and another descriptor, fewer only if the input ends.
 *
 * @param fd_in    descriptor to read from
 * @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param fd_out   descriptor to write to; one of the two is a pipe
 * @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param len      bytes to move, or ZS_TO_END
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @param result   outcome of the transfer; may be NULL
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_splice_full(int fd_in,
                       int64_t *off_in,
                       int fd_out,
                       int64_t *off_out,
                       uint64_t len,
                       unsigned int flags,
                       struct zs_result *result) ZS_NOEXCEPT;

/**
 * Copies `len` bytes between two files, fewer only if the input ends.
 *
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param fd_out   file to write to
 * @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      bytes to copy, or ZS_TO_END
 * @param flags    0
 * @param result   outcome of the transfer; may be NULL
 * @return bytes copied, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_copy_range_full(int fd_in,
                           int64_t *off_in,
                           int fd_out,
                           int64_t *off_out,
                           uint64_t len,
                           unsigned int flags,
                           struct zs_result *result) ZS_NOEXCEPT;

/**
 * Copies `len` bytes from a file to any descriptor, fewer only if the input ends.
 *
 * @param fd_out   descriptor to write to, at its own offset
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      bytes to copy, or ZS_TO_END
 * @param flags    0, or SPLICE_F_NONBLOCK: do not wait
 * @param result   outcome of the transfer; may be NULL
 * @return bytes copied, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_sendfile_full(int fd_out,
                         int fd_in,
                         int64_t *off_in,
                         uint64_t len,
                         unsigned int flags,
                         struct zs_result *result) ZS_NOEXCEPT;

/**
 * Moves `len` bytes from a pipe to another descriptor and leaves a copy of each in a second pipe,
 * fewer only if the input ends.
 *
 * Every byte is duplicated to fd_copy once, before it is moved to fd_out. To go on after -1,
 * first move `result->in_flight` bytes with zs_splice_full(fd_in, NULL, fd_out, NULL, ...).
 *
 * @param fd_in    pipe to move from; it must have no other reader
 * @param fd_copy  pipe that gets the copy
 * @param fd_out   descriptor to write to, at its own offset
 * @param len      bytes to move, or ZS_TO_END
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @param result   outcome of the transfer; may be NULL
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
int64_t zs_tee_full(int fd_in,
                    int fd_copy,
                    int fd_out,
                    uint64_t len,
                    unsigned int flags,
                    struct zs_result *result) ZS_NOEXCEPT;

/* Retry: one transfer, repeated until it is not interrupted and does not block
 *
 * As the call of the same name, but made again after EINTR, and after EAGAIN once poll(2) says
 * that the side which caused it is ready. EAGAIN is returned if `flags` has SPLICE_F_NONBLOCK, if
 * the call still refuses although both sides are ready (TCP urgent data), and if the timeout of a
 * blocking socket has expired (SO_RCVTIMEO, SO_SNDTIMEO). A length that is too large for the
 * kernel is reduced. Unknown flags are EINVAL, also with `len` 0. */

/**
 * Moves up to `len` bytes between a pipe and another descriptor, waiting until some can be moved.
 *
 * @param fd_in    descriptor to read from
 * @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param fd_out   descriptor to write to; one of the two is a pipe
 * @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param len      most bytes to move
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @return bytes moved, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_splice_retry(int fd_in,
                        int64_t *off_in,
                        int fd_out,
                        int64_t *off_out,
                        size_t len,
                        unsigned int flags) ZS_NOEXCEPT;

/**
 * Duplicates up to `len` bytes from one pipe to another, waiting until some can be duplicated.
 *
 * @param fd_in    pipe to duplicate from, always from its first byte
 * @param fd_out   pipe to duplicate to
 * @param len      most bytes to duplicate
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @return bytes duplicated, 0 if the pipe is empty and has no writer, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_tee_retry(int fd_in,
                     int fd_out,
                     size_t len,
                     unsigned int flags) ZS_NOEXCEPT;

/**
 * Copies up to `len` bytes between two files.
 *
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param fd_out   file to write to
 * @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      most bytes to copy
 * @param flags    0
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_copy_range_retry(int fd_in,
                            int64_t *off_in,
                            int fd_out,
                            int64_t *off_out,
                            size_t len,
                            unsigned int flags) ZS_NOEXCEPT;

/**
 * Copies up to `len` bytes from a file to any descriptor, waiting until it takes some.
 *
 * @param fd_out   descriptor to write to, at its own offset
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      most bytes to copy
 * @param flags    0, or SPLICE_F_NONBLOCK: do not wait
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_sendfile_retry(int fd_out,
                          int fd_in,
                          int64_t *off_in,
                          size_t len,
                          unsigned int flags) ZS_NOEXCEPT;

/* Calls: one system call each
 *
 * Meaning, argument order, counts and errors are exactly the kernel's: a program that calls these
 * instead of the system calls behaves the same. They do not retry, limit a length or check
 * arguments before the kernel does, and none is a cancellation point. The flags SPLICE_F_* are
 * those of splice(2), declared by <fcntl.h> with _GNU_SOURCE. */

/**
 * Moves up to `len` bytes between a pipe and another descriptor: splice(2).
 *
 * @param fd_in    descriptor to read from
 * @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param fd_out   descriptor to write to; one of the two is a pipe
 * @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
 *                 offset; has to be NULL for a pipe
 * @param len      most bytes to move
 * @param flags    SPLICE_F_*
 * @return bytes moved, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_splice(int fd_in,
                  int64_t *off_in,
                  int fd_out,
                  int64_t *off_out,
                  size_t len,
                  unsigned int flags) ZS_NOEXCEPT;

/**
 * Duplicates up to `len` bytes from one pipe to another, without consuming them: tee(2).
 *
 * @param fd_in    pipe to duplicate from, always from its first byte
 * @param fd_out   pipe to duplicate to
 * @param len      most bytes to duplicate
 * @param flags    SPLICE_F_*
 * @return bytes duplicated, 0 if the pipe is empty and has no writer, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD ssize_t zs_tee(int fd_in, int fd_out, size_t len, unsigned int flags) ZS_NOEXCEPT;

/**
 * Moves memory into a pipe, or fills memory from one: vmsplice(2).
 *
 * The pipe may refer to the memory instead of holding a copy: do not change it until the pipe has
 * been read (as of Linux 7.1; newer kernels may copy).
 *
 * @param fd       pipe
 * @param iov      pieces of memory
 * @param count    number of pieces
 * @param flags    SPLICE_F_*
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_vmsplice(int fd,
                    const struct iovec *iov,
                    size_t count,
                    unsigned int flags) ZS_NOEXCEPT;

/**
 * Copies up to `len` bytes between two files: copy_file_range(2).
 *
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param fd_out   file to write to
 * @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      most bytes to copy
 * @param flags    0
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD
ssize_t zs_copy_range(int fd_in,
                      int64_t *off_in,
                      int fd_out,
                      int64_t *off_out,
                      size_t len,
                      unsigned int flags) ZS_NOEXCEPT;

/**
 * Copies up to `len` bytes from a file to any descriptor: sendfile(2), the output first.
 *
 * @param fd_out   descriptor to write to, at its own offset
 * @param fd_in    file to read from
 * @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
 *                 offset
 * @param len      most bytes to copy
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ZS_NODISCARD ssize_t zs_sendfile(int fd_out, int fd_in, int64_t *off_in, size_t len) ZS_NOEXCEPT;

/* About the library */

/* The version of this header. */
#define ZS_VERSION_MAJOR 0
#define ZS_VERSION_MINOR 1
#define ZS_VERSION_PATCH 0
/* The same as one number, to compare. */
#define ZS_VERSION ((ZS_VERSION_MAJOR << 16) | (ZS_VERSION_MINOR << 8) | ZS_VERSION_PATCH)

/**
 * Returns the version of the library in use, which may be newer than the header.
 *
 * @return ZS_VERSION of that library
 *
 * @since 0.1
 */
unsigned int zs_version(void) ZS_NOEXCEPT;

/**
 * Returns the name of a mechanism.
 *
 * @param one_via  one bit of ZS_VIA_*
 * @return "clone", "copy_file_range", "sendfile", "splice", "tee" or "read/write", a static
 *         string; NULL if `one_via` is not exactly one of these bits
 *
 * @since 0.1
 */
const char *zs_via_name(uint32_t one_via) ZS_NOEXCEPT;

/**
 * Writes the names of a set of mechanisms: "clone, read/write". Nothing is allocated, so a signal
 * handler may call it.
 *
 * @param via   ZS_VIA_*; a bit that the library does not know is written as a number: "0x40"
 * @param text  where to write; at most `size` bytes are written, the last of them 0; NULL: nothing
 *              is written
 * @param size  size of `text`
 * @return length of the whole text, which has been cut if `size` is not larger
 *
 * @since 0.1
 */
size_t zs_via_names(uint32_t via, char *text, size_t size) ZS_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif /* ZSPLICE_H */
