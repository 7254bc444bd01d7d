/* zsplice.h - moves bytes between descriptors inside the Linux kernel. See zsplice(7).
 *
 * What holds for every function:
 *
 * - Functions that move bytes return how many, or -1 with errno set.
 * - After a success errno holds what it held before the call. After a failure it holds the error
 *   that decided the outcome, and result->error equals it.
 * - From a _full function and zs_copy a count below `len` means that the input ended, and nothing
 *   else.
 * - Offsets are int64_t on every platform. NULL: the descriptor's own position is used and advanced.
 *   Not NULL: read and written there, advanced by what has moved; the position stays.
 * - Descriptors are never closed, and their flags never changed.
 * - Any thread, any time: no lock is held across a system call. No function is a cancellation
 *   point, and none unwinds into the caller. The calls, _retry and _full are also safe to call from a
 *   signal handler and between fork and exec; the others allocate memory.
 *
 * Printed by cbindgen from src/abi (make header). SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef ZSPLICE_H
#define ZSPLICE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A direction of bytes, in the caller's event loop: zs_relay_new. */
typedef struct zs_relay zs_relay;
/** Pipes that relays share: zs_pool_new. */
typedef struct zs_pool zs_pool;

/**
 * A length: until the input ends.
 */
#define ZS_TO_END UINT64_MAX

/**
 * FICLONE, FICLONERANGE: the blocks are shared (ioctl_ficlone(2)).
 */
#define ZS_VIA_CLONE 1

/**
 * copy_file_range(2).
 */
#define ZS_VIA_COPY_RANGE 2

/**
 * sendfile(2).
 */
#define ZS_VIA_SENDFILE 4

/**
 * splice(2).
 */
#define ZS_VIA_SPLICE 8

/**
 * tee(2).
 */
#define ZS_VIA_TEE 16

/**
 * read(2) and write(2), through user memory.
 */
#define ZS_VIA_READ_WRITE 32

/**
 * Reading the input failed.
 */
#define ZS_SIDE_IN 1

/**
 * Writing the output failed.
 */
#define ZS_SIDE_OUT 2

/**
 * The arguments failed, the timeout, the cancel, or our own resources.
 */
#define ZS_SIDE_CALL 3

/**
 * EINTR when a signal arrives while it waits (best effort: a signal between two waits goes unseen;
 * cancel_fd and progress do not). Without it, carry on.
 */
#define ZS_INTERRUPT 2

/**
 * EPIPE without the signal; a SIGPIPE that is pending already stays.
 */
#define ZS_NOSIGPIPE 4

/**
 * More will follow at once: let a socket hold the last packet.
 */
#define ZS_MORE 8

/**
 * The output gets the bytes as they are when taken: never hand on pages of a file that may still
 * change.
 */
#define ZS_STABLE 16

/**
 * Share every block that lies whole in both ranges and copy the edges (all, where there is no whole
 * block), or be refused with the kernel's error (EINVAL where the ranges are not aligned alike) and
 * nothing written: cp --reflink=always.
 */
#define ZS_CLONE 64

/**
 * Never share extents: cp --reflink=never. No copy_file_range(2), which may share unseen.
 */
#define ZS_NO_CLONE 128

/**
 * Write holes out as zeroes.
 */
#define ZS_FILL_HOLES 256

/**
 * cancel_fd counts.
 */
#define ZS_CANCEL_FD 512

/**
 * zs_fanout: go on without an output that failed.
 */
#define ZS_DROP_FAILED 1024

/**
 * Let a pipe of the caller's grow, to 1 MiB at most: several times faster, and its other users
 * notice nothing but the room.
 */
#define ZS_GROW_PIPE 2048

/**
 * zs_bridge: done when either direction has ended.
 */
#define ZS_EITHER_END 4096

/**
 * Wait until fd_in is readable.
 */
#define ZS_WANT_READ 1

/**
 * Wait until fd_out is writable.
 */
#define ZS_WANT_WRITE 2

/**
 * The budget is used up: call again, there is nothing to wait for.
 */
#define ZS_WANT_RUN 4

/**
 * Pass the end of the input on: shutdown(fd_out, SHUT_WR).
 */
#define ZS_RELAY_SHUTDOWN 65536

/**
 * The caller's poller is level-triggered: spare the read that only proves that an input is drained.
 */
#define ZS_RELAY_LEVEL 131072

/**
 * The version of this header: major.
 */
#define ZS_VERSION_MAJOR 0

/**
 * The version of this header: minor.
 */
#define ZS_VERSION_MINOR 1

/**
 * The version of this header: patch.
 */
#define ZS_VERSION_PATCH 0

/**
 * The version of this header, in one number that can be compared.
 */
#define ZS_VERSION (((ZS_VERSION_MAJOR << 16) | (ZS_VERSION_MINOR << 8)) | ZS_VERSION_PATCH)

/**
 * What became of a transfer. Written whole, on success and on failure.
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
         * Bytes taken from the input, not delivered, and not to be had again. zs_tee_full: those in
         * fd_copy that are not yet in fd_out, and still in fd_in.
         */
        uint64_t in_flight;
        /**
         * Of bytes, those that passed through user memory.
         */
        uint64_t copied;
        /**
         * Of bytes, those that we left as holes in the output (not those that a clone or
         * copy_file_range(2) left by itself).
         */
        uint64_t holes;
        /**
         * ZS_VIA_*: every mechanism that delivered bytes.
         */
        uint32_t via;
        /**
         * ZS_SIDE_*: where the error came from; 0 without one, or where one system call touches both
         * sides and its errno does not tell.
         */
        uint32_t side;
        /**
         * The errno value of the failure, or 0.
         */
        int32_t error;
        /**
         * Zero.
         */
        uint32_t spare[5];
};

/**
 * How a transfer is to be done. All zero: the defaults.
 *
 * @since 0.1
 */
struct zs_options {
        /**
         * sizeof(struct zs_options); 0 means the size it has in 0.1, for ever. Smaller is EINVAL. Where
         * it is larger than the library knows, the rest must be zero, else E2BIG.
         */
        uint32_t size;
        /**
         * ZS_INTERRUPT and so on. Unknown ones, and those that contradict each other, are EINVAL.
         */
        uint32_t flags;
        /**
         * Give up after so many nanoseconds, with ETIMEDOUT; 0: never. Negative: EINVAL.
         */
        int64_t timeout_ns;
        /**
         * Give up after so many nanoseconds without a byte moved; 0: never. Negative: EINVAL.
         */
        int64_t idle_ns;
        /**
         * With ZS_CANCEL_FD: once this descriptor is readable, the transfer ends with ECANCELED.
         */
        int32_t cancel_fd;
        /**
         * ZS_VIA_*: mechanisms not to be used, not even tried; EOPNOTSUPP if none is left.
         */
        uint32_t avoid;
        /**
         * NULL, or called after every step; not 0 ends the transfer with ECANCELED. It must not throw or
         * longjmp.
         */
        int (*progress)(void *context, const struct zs_result *so_far);
        /**
         * Handed to progress.
         */
        void *context;
};

/* Calls: one system call each
 *
 * The kernel's meaning, argument order, counts and errors to the letter: a program whose own calls
 * are replaced by these behaves the same. No retry, no limit, no check ahead of the kernel's, and
 * none of them is a cancellation point. The flags SPLICE_F_* are those of splice(2), in
 * <fcntl.h> with _GNU_SOURCE. */

/**
 * Moves up to `len` bytes between a pipe and another descriptor: splice(2).
 *
 * @param fd_in    where from
 * @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
 *                 NULL for a pipe
 * @param fd_out   where to; one of the two is a pipe
 * @param off_out  where in it, likewise
 * @param len      the most to move, in bytes
 * @param flags    SPLICE_F_*
 * @return bytes moved, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_splice(int fd_in,
                  int64_t *off_in,
                  int fd_out,
                  int64_t *off_out,
                  size_t len,
                  unsigned int flags);

/**
 * Duplicates up to `len` bytes from one pipe to another, without taking them: tee(2).
 *
 * @param fd_in    the pipe to look into, from its head
 * @param fd_out   the pipe that gets them too
 * @param len      the most to duplicate, in bytes
 * @param flags    SPLICE_F_*
 * @return bytes duplicated, 0 if there are none and no writer either, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_tee(int fd_in, int fd_out, size_t len, unsigned int flags);

/**
 * Hands memory to a pipe, or fills memory from one: vmsplice(2).
 *
 * What lies in the memory later may be what the reader gets: it has to stay as it is until the
 * pipe is drained (Linux up to 7.1 at least; newer kernels may copy).
 *
 * @param fd       a pipe
 * @param iov      the memory, in pieces
 * @param count    how many pieces
 * @param flags    SPLICE_F_*
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_vmsplice(int fd, const struct iovec *iov, size_t count, unsigned int flags);

/**
 * Copies up to `len` bytes between two files: copy_file_range(2).
 *
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param fd_out   the file to copy to
 * @param off_out  where in it, likewise
 * @param len      the most to copy, in bytes
 * @param flags    0
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_copy_range(int fd_in,
                      int64_t *off_in,
                      int fd_out,
                      int64_t *off_out,
                      size_t len,
                      unsigned int flags);

/**
 * Copies up to `len` bytes from a file to any descriptor: sendfile(2), the output first.
 *
 * @param fd_out   where to, at its own position
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param len      the most to copy, in bytes
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_sendfile(int fd_out, int fd_in, int64_t *off_in, size_t len);

/* Retry: one transfer, however often it has to be asked for
 *
 * As the call of the same name, but made again after EINTR, and after EAGAIN once poll(2) says that
 * the side that stood in the way is ready. EAGAIN is passed on with SPLICE_F_NONBLOCK in `flags`,
 * where both sides are ready and the call still declines (TCP urgent data), and where the time of a
 * blocking socket has run out (SO_RCVTIMEO, SO_SNDTIMEO). A length that the kernel would refuse as
 * too large is cut down. Unknown flags are EINVAL, also with `len` 0. */

/**
 * Moves up to `len` bytes between a pipe and another descriptor, waiting for the first of them.
 *
 * @param fd_in    where from
 * @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
 *                 NULL for a pipe
 * @param fd_out   where to; one of the two is a pipe
 * @param off_out  where in it, likewise
 * @param len      the most to move, in bytes
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @return bytes moved, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_splice_retry(int fd_in,
                        int64_t *off_in,
                        int fd_out,
                        int64_t *off_out,
                        size_t len,
                        unsigned int flags);

/**
 * Duplicates up to `len` bytes from one pipe to another, waiting for the first of them.
 *
 * @param fd_in    the pipe to look into, from its head
 * @param fd_out   the pipe that gets them too
 * @param len      the most to duplicate, in bytes
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @return bytes duplicated, 0 if there are none and no writer either, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_tee_retry(int fd_in, int fd_out, size_t len, unsigned int flags);

/**
 * Copies up to `len` bytes between two files.
 *
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param fd_out   the file to copy to
 * @param off_out  where in it, likewise
 * @param len      the most to copy, in bytes
 * @param flags    0
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_copy_range_retry(int fd_in,
                            int64_t *off_in,
                            int fd_out,
                            int64_t *off_out,
                            size_t len,
                            unsigned int flags);

/**
 * Copies up to `len` bytes from a file to any descriptor, waiting until it takes some.
 *
 * @param fd_out   where to, at its own position
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param len      the most to copy, in bytes
 * @param flags    0, or SPLICE_F_NONBLOCK: do not wait
 * @return bytes copied, 0 at the end of the input, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_sendfile_retry(int fd_out, int fd_in, int64_t *off_in, size_t len, unsigned int flags);

/* Full: a whole length with one mechanism
 *
 * Repeats the `_retry` function of the same name until `len` bytes have moved or the input ends.
 * What the kernel cannot do this way is reported as the kernel reports it. A 0 of the kernel's is
 * the end of a regular file where a one-byte read at that offset agrees (EOPNOTSUPP if the kernel
 * goes on saying 0), of a stream socket unless a peek finds that it goes on (EAGAIN, TCP urgent
 * data), and of a pipe once it is hung up. An error ends the transfer but undoes nothing:
 * `result->bytes` have moved. SPLICE_F_NONBLOCK keeps these functions from waiting; what the kernel
 * does inside a call on a blocking descriptor is the kernel's. */

/**
 * Moves `len` bytes between a pipe and another descriptor, fewer only if the input ends.
 *
 * @param fd_in    where from
 * @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
 *                 NULL for a pipe
 * @param fd_out   where to; one of the two is a pipe
 * @param off_out  where in it, likewise
 * @param len      how much to move, in bytes, or ZS_TO_END
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @param result   what became of it; may be NULL
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
int64_t zs_splice_full(int fd_in,
                       int64_t *off_in,
                       int fd_out,
                       int64_t *off_out,
                       uint64_t len,
                       unsigned int flags,
                       struct zs_result *result);

/**
 * Copies `len` bytes between two files, fewer only if the input ends.
 *
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param fd_out   the file to copy to
 * @param off_out  where in it, likewise
 * @param len      how much to copy, in bytes, or ZS_TO_END
 * @param flags    0
 * @param result   what became of it; may be NULL
 * @return bytes copied, or -1 with errno set
 *
 * @since 0.1
 */
int64_t zs_copy_range_full(int fd_in,
                           int64_t *off_in,
                           int fd_out,
                           int64_t *off_out,
                           uint64_t len,
                           unsigned int flags,
                           struct zs_result *result);

/**
 * Copies `len` bytes from a file to any descriptor, fewer only if the input ends.
 *
 * @param fd_out   where to, at its own position
 * @param fd_in    the file to copy from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position
 * @param len      how much to copy, in bytes, or ZS_TO_END
 * @param flags    0, or SPLICE_F_NONBLOCK: do not wait
 * @param result   what became of it; may be NULL
 * @return bytes copied, or -1 with errno set
 *
 * @since 0.1
 */
int64_t zs_sendfile_full(int fd_out,
                         int fd_in,
                         int64_t *off_in,
                         uint64_t len,
                         unsigned int flags,
                         struct zs_result *result);

/**
 * Moves `len` bytes from a pipe on to another descriptor and leaves a copy of each in a second
 * pipe, fewer only if the input ends.
 *
 * No byte is passed on before it has been copied, and none is copied twice. To go on after -1,
 * first move `result->in_flight` bytes with zs_splice_full(fd_in, NULL, fd_out, NULL, ...).
 *
 * @param fd_in    the pipe to move from; it has no other reader
 * @param fd_copy  the pipe that gets the copy
 * @param fd_out   where to, at its own position
 * @param len      how much to move, in bytes, or ZS_TO_END
 * @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
 * @param result   what became of it; may be NULL
 * @return bytes moved, or -1 with errno set
 *
 * @since 0.1
 */
int64_t zs_tee_full(int fd_in,
                    int fd_copy,
                    int fd_out,
                    uint64_t len,
                    unsigned int flags,
                    struct zs_result *result);

/* Copy: anything to anything, whatever it takes
 *
 * From anything readable to anything writable: files, pipes, FIFOs, stream sockets, terminals,
 * devices, /proc and /sys. Picks the best mechanism for the pair, the size and the kernel, and falls
 * back to the next where the kernel declines, in the middle of a transfer too; at last to read and
 * write. Descriptors that would block are waited for, O_NONBLOCK or not. */

/**
 * Copies `len` bytes from one descriptor to another, fewer only if the input ends.
 *
 * From file to file it shares extents where the file system can, and keeps holes. The output is
 * never truncated. Without ZS_STABLE a pipe or a socket may be handed pages of the input file, and
 * its reader may then see what is written to that file later.
 *
 * @param fd_in    where from
 * @param off_in   where in it, advanced by what was copied; NULL for its own position, and always
 *                 NULL for what cannot seek (ESPIPE)
 * @param fd_out   where to
 * @param off_out  where in it, likewise; EINVAL with O_APPEND
 * @param len      how much to copy, in bytes, or ZS_TO_END
 * @param options  how; NULL: the defaults
 * @param result   what became of it; may be NULL
 * @return bytes copied, or -1 with errno set: EINVAL also for ranges of one file that overlap,
 *         EPROTOTYPE for a socket that is no stream, ETIMEDOUT, ECANCELED, and EOPNOTSUPP if
 *         every mechanism is to be avoided
 *
 * @since 0.1
 */
int64_t zs_copy(int fd_in,
                int64_t *off_in,
                int fd_out,
                int64_t *off_out,
                uint64_t len,
                const struct zs_options *options,
                struct zs_result *result);

/* Fan-out: one input to many outputs
 *
 * Every byte of the input once to every output, in order, the slowest setting the pace; where they
 * can, outputs share the bytes (tee(2)) instead of getting copies. */

/**
 * Copies `len` bytes from one descriptor to each of several others, fewer only if the input ends.
 *
 * An output that fails ends the call, or with ZS_DROP_FAILED is left out from there on. For each
 * output `bytes + in_flight` is what was taken from the input while it was served.
 *
 * @param fd_in    where from
 * @param off_in   where in it, advanced by what was taken; NULL for its own position, and always
 *                 NULL for what cannot seek (ESPIPE)
 * @param fds_out  where to, each at its own position; not NULL
 * @param count    how many those are; 0 is EINVAL
 * @param len      how much to copy, in bytes, or ZS_TO_END
 * @param options  how; NULL: the defaults
 * @param results  what became of each, `count` of them; may be NULL. An output's error stands in
 *                 its own, an error of the input, a timeout or a cancel in all
 * @return the bytes that every remaining output got, or -1 with errno set: if no output is left,
 *         the error of the last
 *
 * @since 0.1
 */
int64_t zs_fanout(int fd_in,
                  int64_t *off_in,
                  const int *fds_out,
                  size_t count,
                  uint64_t len,
                  const struct zs_options *options,
                  struct zs_result *results);

/* Bridge: both directions at once */

/**
 * Moves what comes from `in_a` to `out_b` and what comes from `in_b` to `out_a`, in the calling
 * thread, until both have ended.
 *
 * The end of an input is passed on by shutdown(2), once every byte before it is delivered, where the
 * output is a socket; the other direction goes on (unless ZS_EITHER_END). An error, a timeout or a
 * cancel ends both directions.
 *
 * @param in_a     where the one direction comes from; of a socket, the same as `out_a`
 * @param out_a    where the other goes to
 * @param in_b     where the other comes from; of a socket, the same as `out_b`
 * @param out_b    where the one goes to
 * @param options  how; NULL: the defaults
 * @param results  what became of each, first from a to b, then from b to a; may be NULL
 * @return 0, or -1 with errno set
 *
 * @since 0.1
 */
int zs_bridge(int in_a,
              int out_a,
              int in_b,
              int out_b,
              const struct zs_options *options,
              struct zs_result *results);

/* Relay: one direction, in the caller's event loop
 *
 * A relay moves bytes between two descriptors that are O_NONBLOCK (EINVAL) and stream-like
 * (EPROTOTYPE), or regular files or block devices, which are always ready. It never blocks: a run
 * says what to wait for. One handle is used by one thread at a time, and a pool with all its relays
 * counts as one. After fork a child may only free handles. A handle that is NULL is EFAULT, but for
 * the _free functions. */

/**
 * Makes a pool of pipes, which relays borrow while bytes are in flight.
 *
 * @param pipes      how many idle pipes it keeps, at the most
 * @param pipe_size  how many bytes a pipe is to hold; 0: as many as are best
 * @return the pool, to be freed by zs_pool_free, or NULL with errno set
 *
 * @since 0.1
 */
zs_pool *zs_pool_new(size_t pipes, size_t pipe_size);

/**
 * Frees a pool and closes its pipes, after all relays that use it.
 *
 * @param pool  the pool; NULL is fine
 *
 * @since 0.1
 */
void zs_pool_free(zs_pool *pool);

/**
 * Makes a relay. It does nothing before zs_relay_run.
 *
 * @param fd_in   where from
 * @param fd_out  where to
 * @param len     how much to take from fd_in at the most, in bytes, or ZS_TO_END; what follows stays
 *                there
 * @param pool    where it borrows pipes; NULL: it makes its own when first needed, and keeps it
 * @param flags   ZS_NOSIGPIPE, ZS_STABLE, ZS_RELAY_SHUTDOWN, ZS_RELAY_LEVEL
 * @return the relay, to be freed by zs_relay_free, or NULL with errno set
 *
 * @since 0.1
 */
zs_relay *zs_relay_new(int fd_in,
                       int fd_out,
                       uint64_t len,
                       zs_pool *pool,
                       unsigned int flags);

/**
 * Moves what can be moved without blocking, and says what to wait for.
 *
 * That is exact: it holds for level- and edge-triggered epoll(7), poll(2) and io_uring polls alike.
 * (In a level-triggered epoll set remove a descriptor that is not named: its errors cannot be
 * masked.) Bytes that came before an error of the input are delivered first.
 *
 * @param relay   the relay
 * @param budget  how much to deliver at the most, in bytes; 0: 1 MiB
 * @return ZS_WANT_*, or 0 when `len` bytes, or all until the end of the input, are delivered, or -1
 *         with errno set
 *
 * @since 0.1
 */
int zs_relay_run(zs_relay *relay, uint64_t budget);

/**
 * Queues bytes that the caller has already read: they follow what was taken from fd_in so far and
 * precede the rest, and do not count into `len`.
 *
 * @param relay  the relay
 * @param bytes  the bytes; they are copied
 * @param len    how many
 * @return 0, or -1 with errno set and nothing queued
 *
 * @since 0.1
 */
int zs_relay_feed(zs_relay *relay, const void *bytes, size_t len);

/**
 * Hands back bytes that were taken and not delivered, oldest first, to go on another way or after an
 * error. They leave `in_flight`.
 *
 * @param relay  the relay
 * @param bytes  where to put them
 * @param len    how many there is room for
 * @return how many there were, 0 if none, or -1 with errno set
 *
 * @since 0.1
 */
ssize_t zs_relay_take(zs_relay *relay,
                      void *bytes,
                      size_t len);

/**
 * Lets more bytes be taken from fd_in.
 *
 * @param relay  the relay
 * @param len    how many more, or ZS_TO_END
 * @return 0, or -1 with errno set
 *
 * @since 0.1
 */
int zs_relay_more(zs_relay *relay, uint64_t len);

/**
 * Lets the two directions of one connection share what either learns: the kernel tells of a reset
 * once per socket. Using the socket outside the pair voids that.
 *
 * @param a  one direction
 * @param b  the other
 *
 * @since 0.1
 */
void zs_relay_pair(zs_relay *a, zs_relay *b);

/**
 * Tells what has become of a relay so far.
 *
 * @param relay   the relay
 * @param result  where to write it
 *
 * @since 0.1
 */
void zs_relay_result(const zs_relay *relay, struct zs_result *result);

/**
 * Frees a relay. It closes no descriptor of the caller's; what is in flight is lost.
 *
 * @param relay  the relay; NULL is fine
 *
 * @since 0.1
 */
void zs_relay_free(zs_relay *relay);

/* About the library */

/**
 * Tells the version of the library in use, which may be newer than the header.
 *
 * @return that library's ZS_VERSION
 *
 * @since 0.1
 */
unsigned int zs_version(void);

/**
 * Names a mechanism.
 *
 * @param one_via  one bit of ZS_VIA_*
 * @return "clone", "copy_file_range", "sendfile", "splice", "tee" or "read/write", which is never
 *         to be freed; NULL for anything but one bit of those
 *
 * @since 0.1
 */
const char *zs_via_name(uint32_t one_via);

#ifdef __cplusplus
}
#endif

#endif /* ZSPLICE_H */
