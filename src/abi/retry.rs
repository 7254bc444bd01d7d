// SPDX-License-Identifier: MIT OR Apache-2.0

//! Retry: one transfer, repeated until it is not interrupted and does not block
//!
//! As the call of the same name, but made again after EINTR, and after EAGAIN once poll(2) says
//! that the side which caused it is ready. EAGAIN is returned if `flags` has SPLICE_F_NONBLOCK, if
//! the call still refuses although both sides are ready (TCP urgent data), and if the timeout of a
//! blocking socket has expired (SO_RCVTIMEO, SO_SNDTIMEO). A length that is too large for the
//! kernel is reduced. Unknown flags are EINVAL, also with `len` 0.

use super::{side, sides};
use crate::engine::retry;
use crate::errno;
use libc::{c_int, c_uint, size_t, ssize_t};

/// Moves up to `len` bytes between a pipe and another descriptor, waiting until some can be moved.
///
/// @param fd_in    descriptor to read from
/// @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param fd_out   descriptor to write to; one of the two is a pipe
/// @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param len      most bytes to move
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @return bytes moved, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_splice_retry(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    saved.to_c(retry::splice(from, to, len, flags).map(to_ssize))
}

/// Duplicates up to `len` bytes from one pipe to another, waiting until some can be duplicated.
///
/// @param fd_in    pipe to duplicate from, always from its first byte
/// @param fd_out   pipe to duplicate to
/// @param len      most bytes to duplicate
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @return bytes duplicated, 0 if the pipe is empty and has no writer, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub extern "C" fn zs_tee_retry(fd_in: c_int, fd_out: c_int, len: size_t, flags: c_uint) -> ssize_t {
    let saved = errno::save();
    saved.to_c(retry::tee(fd_in, fd_out, len, flags).map(to_ssize))
}

/// Copies up to `len` bytes between two files.
///
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param fd_out   file to write to
/// @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      most bytes to copy
/// @param flags    0
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_copy_range_retry(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    saved.to_c(retry::copy_range(from, to, len, flags).map(to_ssize))
}

/// Copies up to `len` bytes from a file to any descriptor, waiting until it takes some.
///
/// @param fd_out   descriptor to write to, at its own offset
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      most bytes to copy
/// @param flags    0, or SPLICE_F_NONBLOCK: do not wait
/// @return bytes copied, 0 at the end of the input, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile_retry(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: size_t,
    flags: c_uint,
) -> ssize_t {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for an offset that is NULL, or that nobody else uses until we return.
    let from = unsafe { side(fd_in, off_in) };
    saved.to_c(retry::sendfile(fd_out, from, len, flags).map(to_ssize))
}

/// No system call moves more than SSIZE_MAX bytes.
const fn to_ssize(count: usize) -> ssize_t {
    count as ssize_t
}
