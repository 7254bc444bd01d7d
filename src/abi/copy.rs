// SPDX-License-Identifier: MIT OR Apache-2.0

//! Copy: from any descriptor to any other
//!
//! Copies between files, pipes, FIFOs, stream sockets, terminals, devices, /proc and /sys. It picks
//! the best mechanism for the two descriptors, the length and the kernel. If the kernel refuses one,
//! even in the middle of a transfer, it continues with the next, and finally with read and write.
//! It waits for descriptors that would block, O_NONBLOCK or not.

use super::options::{self, with_options, zs_options};
use super::sides;
use super::types::{count, write_result, zs_result};
use crate::engine::{copy, Progress};
use crate::errno;
use libc::c_int;

/// Copies `len` bytes from one descriptor to another, fewer only if the input ends.
///
/// Between files it shares blocks where the file system can, and keeps holes. It never truncates
/// the output. Without ZS_STABLE a pipe or a socket may be handed pages of the input file, and its
/// reader may then see what is written to that file later.
///
/// @param fd_in    descriptor to read from
/// @param off_in   offset to read at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE)
/// @param fd_out   descriptor to write to
/// @param off_out  offset to write at, advanced by the bytes copied; NULL: the descriptor's own
///                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE) or has
///                 O_APPEND (EINVAL)
/// @param len      bytes to copy, or ZS_TO_END
/// @param options  options of the transfer; NULL: the defaults
/// @param result   outcome of the transfer; may be NULL
/// @return bytes copied, or -1 with errno set: EINVAL also for ranges of one file that overlap,
///         EPROTOTYPE for a socket that is no stream, ETIMEDOUT, ECANCELED, and EOPNOTSUPP if
///         options rule out every mechanism
///
/// @since 0.1
#[must_use]
#[no_mangle]
pub unsafe extern "C" fn zs_copy(
    fd_in: c_int,
    off_in: *mut i64,
    fd_out: c_int,
    off_out: *mut i64,
    len: u64,
    options: *const zs_options,
    result: *mut zs_result,
) -> i64 {
    let saved = errno::save();
    // SAFETY: zsplice.h asks for offsets that are NULL, or that nobody else uses until we return.
    let (from, to) = unsafe { sides(fd_in, off_in, fd_out, off_out) };
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    let progress = with_options(options, |options| copy::copy(from, to, len, options))
        .unwrap_or_else(Progress::refused);
    // SAFETY: zsplice.h asks for a result that is NULL, or that nobody else uses until we return.
    unsafe { write_result(result, &progress) };
    saved.to_c(count(&progress))
}
