/* zsplice.h - moves bytes between descriptors inside the Linux kernel. See zsplice(7).
 *
 * What holds for every function:
 *
 * - Functions that move bytes return how many, or -1 with errno set.
 * - After a success errno holds what it held before the call. After a failure it holds the error
 *   that decided the outcome, and result->error equals it.
 * - From a _full function a count below `len` means that the input ended, and nothing else.
 * - Offsets are int64_t on every platform. NULL: the descriptor's own position is used and advanced.
 *   Not NULL: read and written there, advanced by what has moved; the position stays.
 * - Descriptors are never closed, and their flags never changed.
 * - Safe to call from any thread, from a signal handler, and after fork; no function is a
 *   cancellation point, and none unwinds into the caller.
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
 * The arguments failed, or our own resources.
 */
#define ZS_SIDE_CALL 3

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
         * Of bytes, those that were left as holes in the output.
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

/* Calls: one system call each
 *
 * The kernel's meaning, argument order, counts and errors to the letter: a program whose own calls
 * are replaced by these behaves the same. No retry, no limit, no check ahead of the kernel's, and
 * none of them is a cancellation point. The flags SPLICE_F_* are those of fcntl(2). */

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
