//! Full: a whole length with one mechanism
//!
//! Repeats the `_retry` function of the same name until `len` bytes have moved or the input ends.
//! What the kernel cannot do this way is reported as the kernel reports it. A 0 of the kernel's is
//! the end of a regular file where a one-byte read at that offset agrees (EOPNOTSUPP if the kernel
//! goes on saying 0), of a stream socket unless a peek finds that it goes on (EAGAIN, TCP urgent
//! data), and of a pipe once it is hung up. An error ends the transfer but undoes nothing:
//! `result->bytes` have moved. SPLICE_F_NONBLOCK keeps these functions from waiting; what the kernel
//! does inside a call on a blocking descriptor is the kernel's.

use super::types::{conclude, zs_result};
use crate::engine::full;
use crate::sys::FdAt;
use libc::{c_int, c_uint};

/// Moves `len` bytes between a pipe and another descriptor, fewer only if the input ends.
///
/// @param fd_in    where from
/// @param off_in   where in it, advanced by what has moved; NULL for its own position, and always
///                 NULL for a pipe
/// @param fd_out   where to; one of the two is a pipe
/// @param off_out  where in it, likewise
/// @param len      how much to move, in bytes, or ZS_TO_END
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @param result   what became of it; may be NULL
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
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
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: likewise.
    let to = unsafe { FdAt::new(fd_out, off_out) };
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { conclude(result, || full::splice(from, to, len, flags)) }
}

/// Copies `len` bytes between two files, fewer only if the input ends.
///
/// @param fd_in    the file to copy from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position
/// @param fd_out   the file to copy to
/// @param off_out  where in it, likewise
/// @param len      how much to copy, in bytes, or ZS_TO_END
/// @param flags    0
/// @param result   what became of it; may be NULL
/// @return bytes copied, or -1 with errno set
///
/// @since 0.1
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
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: likewise.
    let to = unsafe { FdAt::new(fd_out, off_out) };
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { conclude(result, || full::copy_range(from, to, len, flags)) }
}

/// Copies `len` bytes from a file to any descriptor, fewer only if the input ends.
///
/// @param fd_out   where to, at its own position
/// @param fd_in    the file to copy from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position
/// @param len      how much to copy, in bytes, or ZS_TO_END
/// @param flags    0, or SPLICE_F_NONBLOCK: do not wait
/// @param result   what became of it; may be NULL
/// @return bytes copied, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_sendfile_full(
    fd_out: c_int,
    fd_in: c_int,
    off_in: *mut i64,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { conclude(result, || full::sendfile(fd_out, from, len, flags)) }
}

/// Moves `len` bytes from a pipe on to another descriptor and leaves a copy of each in a second
/// pipe, fewer only if the input ends.
///
/// No byte is passed on before it has been copied, and none is copied twice. To go on after -1,
/// first move `result->in_flight` bytes with zs_splice_full(fd_in, NULL, fd_out, NULL, ...).
///
/// @param fd_in    the pipe to move from; it has no other reader
/// @param fd_copy  the pipe that gets the copy
/// @param fd_out   where to, at its own position
/// @param len      how much to move, in bytes, or ZS_TO_END
/// @param flags    SPLICE_F_*; SPLICE_F_NONBLOCK: do not wait
/// @param result   what became of it; may be NULL
/// @return bytes moved, or -1 with errno set
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_tee_full(
    fd_in: c_int,
    fd_copy: c_int,
    fd_out: c_int,
    len: u64,
    flags: c_uint,
    result: *mut zs_result,
) -> i64 {
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { conclude(result, || full::tee(fd_in, fd_copy, fd_out, len, flags)) }
}
