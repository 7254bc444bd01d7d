//! Copy: anything to anything, whatever it takes
//!
//! From anything readable to anything writable: files, pipes, FIFOs, stream sockets, terminals,
//! devices, /proc and /sys. Picks the best mechanism for the pair, the size and the kernel, and falls
//! back to the next where the kernel declines, in the middle of a transfer too; at last to read and
//! write. Descriptors that would block are waited for, O_NONBLOCK or not.

use super::options::{self, zs_options};
use super::types::{conclude, zs_result};
use crate::engine::{copy, Options, Progress};
use crate::sys::FdAt;
use libc::c_int;

/// Copies `len` bytes from one descriptor to another, fewer only if the input ends.
///
/// From file to file it shares extents where the file system can, and keeps holes. The output is
/// never truncated. Without ZS_STABLE a pipe or a socket may be handed pages of the input file, and
/// its reader may then see what is written to that file later.
///
/// @param fd_in    where from
/// @param off_in   where in it, advanced by what was copied; NULL for its own position, and always
///                 NULL for what cannot seek (ESPIPE)
/// @param fd_out   where to
/// @param off_out  where in it, likewise; EINVAL with O_APPEND
/// @param len      how much to copy, in bytes, or ZS_TO_END
/// @param options  how; NULL: the defaults
/// @param result   what became of it; may be NULL
/// @return bytes copied, or -1 with errno set: EINVAL also for ranges of one file that overlap,
///         EPROTOTYPE for a socket that is no stream, ETIMEDOUT, ECANCELED, and EOPNOTSUPP if
///         every mechanism is to be avoided
///
/// @since 0.1
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
    // SAFETY: zsplice.h asks for an offset that is ours until we return; `from` is gone by then.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: likewise. That both are the same does no harm.
    let to = unsafe { FdAt::new(fd_out, off_out) };
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    let copy = |options: Options<'_>| copy::copy(from, to, len, options);
    let work = || options::with(options, Progress::refused, copy);
    // SAFETY: zsplice.h asks for NULL, or a result that is ours until we return.
    unsafe { conclude(result, work) }
}
