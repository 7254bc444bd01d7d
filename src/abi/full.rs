// SPDX-License-Identifier: MIT OR Apache-2.0

//! Full: a whole length with one mechanism
//!
//! Repeats the `_retry` function of the same name until `len` bytes have moved or the input ends.
//! If the kernel cannot move them this way, the kernel's error is returned. When the kernel returns
//! 0, they verify that the input has ended: a regular file by a one-byte read at that offset
//! (EOPNOTSUPP if there is more and the kernel returns 0 again), a stream socket by a peek (EAGAIN
//! if there is more, as after TCP urgent data), and a pipe by poll(2): it has ended once it has no
//! writer. An error ends the transfer but undoes nothing: `result->bytes` have moved. With
//! SPLICE_F_NONBLOCK these functions do not wait; the system call itself may still block on a
//! blocking descriptor.

use super::types::{count, write_result, zs_result};
use super::{side, sides};
use crate::engine::full;
use crate::errno;
use libc::{c_int, c_uint};

/// Moves `len` bytes between a pipe and another descriptor, fewer only if the input ends.
///
/// @param fd_in    descriptor to read from
/// @param off_in   offset to read at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param fd_out   descriptor to write to; one of the two is a pipe
/// @param off_out  offset to write at, advanced by the bytes moved; NULL: the descriptor's own
///                 offset; has to be NULL for a pipe
/// @param len      bytes to move, or ZS_TO_END
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @param result   outcome of the transfer; may be NULL
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_splice_full(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    let progress = full::splice(from, to, len, flags);
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &progress) };
    saved.to_c(count(&progress))
}

/// Copies `len` bytes between two files, fewer only if the input ends.
///
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param fd_out   file to write to
/// @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      bytes to copy, or ZS_TO_END
/// @param flags    0
/// @param result   outcome of the transfer; may be NULL
/// @return bytes copied, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_copy_range_full(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    let progress = full::copy_range(from, to, len, flags);
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &progress) };
    saved.to_c(count(&progress))
}

/// Copies `len` bytes from a file to any descriptor, fewer only if the input ends.
///
/// @param fd_out   descriptor to write to, at its own offset
/// @param fd_in    file to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset
/// @param len      bytes to copy, or ZS_TO_END
/// @param flags    0, or SPLICE_F_NONBLOCK: do not wait
/// @param result   outcome of the transfer; may be NULL
/// @return bytes copied, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile_full(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for an offset that is NULL, or that nobody else uses until we return.
    let from = unsafe { side(fd_in, off_in) };
    let progress = full::sendfile(fd_out, from, len, flags);
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &progress) };
    saved.to_c(count(&progress))
}

/// Moves `len` bytes from a pipe to another descriptor and leaves a copy of each in a second pipe,
/// fewer only if the input ends.
///
/// Every byte is duplicated to fd_copy once, before it is moved to fd_out. To go on after -1,
/// first move `result->in_flight` bytes with zs_splice_full(fd_in, NULL, fd_out, NULL, ...).
///
/// @param fd_in    pipe to move from; it must have no other reader
/// @param fd_copy  pipe that gets the copy
/// @param fd_out   descriptor to write to, at its own offset
/// @param len      bytes to move, or ZS_TO_END
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @param result   outcome of the transfer; may be NULL
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_tee_full(
    fd_in: c_int,
    fd_copy: c_int,
    fd_out: c_int,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    let saved = errno::save();
    let progress = full::tee(fd_in, fd_copy, fd_out, len, flags);
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &progress) };
    saved.to_c(count(&progress))
}
