//! Fan-out: one input to many outputs
//!
//! Every byte of the input once to every output, in order, the slowest setting the pace; where they
//! can, outputs share the bytes (tee(2)) instead of getting copies.

use super::options::{self, zs_options};
use super::types::{store, zs_result};
use crate::engine::{fanout, Options, Progress};
use crate::errno::{answer, Errno};
use crate::sys::FdAt;
use core::slice;
use libc::{c_int, size_t};

/// Copies `len` bytes from one descriptor to each of several others, fewer only if the input ends.
///
/// An output that fails ends the call, or with ZS_DROP_FAILED is left out from there on. For each
/// output `bytes + in_flight` is what was taken from the input while it was served.
///
/// @param fd_in    where from
/// @param off_in   where in it, advanced by what was taken; NULL for its own position, and always
///                 NULL for what cannot seek (ESPIPE)
/// @param fds_out  where to, each at its own position; not NULL
/// @param count    how many those are; 0 is EINVAL
/// @param len      how much to copy, in bytes, or ZS_TO_END
/// @param options  how; NULL: the defaults
/// @param results  what became of each, `count` of them; may be NULL. An output's error stands in
///                 its own, an error of the input, a timeout or a cancel in all
/// @return the bytes that every remaining output got, or -1 with errno set: if no output is left,
///         the error of the last
///
/// @since 0.1
#[no_mangle]
pub unsafe extern "C" fn zs_fanout(
    fd_in: c_int,
    off_in: *mut i64,
    fds_out: *const c_int,
    count: size_t,
    len: u64,
    options: *const zs_options,
    results: *mut zs_result,
) -> i64 {
    // SAFETY: zsplice.h asks for an offset that is NULL or ours until we return.
    let from = unsafe { FdAt::new(fd_in, off_in) };
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    // SAFETY: zsplice.h asks for `count` descriptors and, unless NULL, as many results.
    let outputs = unsafe { Outputs::new(fds_out, count, results) };
    let serve = |options: Options<'_>| outputs.serve(from, len, options);
    answer(|| options::with(options, |errno| outputs.refuse(errno), serve))
}

/// The caller's descriptors, and where to say what became of them.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    fds: Result<&'a [c_int], Errno>,
    count: usize,
    results: *mut zs_result,
}

impl Outputs<'_> {
    /// # Safety
    ///
    /// `fds` is null or points to `count` descriptors; `results` is null or room for as many results
    /// that nobody else uses.
    unsafe fn new<'a>(fds: *const c_int, count: usize, results: *mut zs_result) -> Outputs<'a> {
        // More than a process may have descriptors (fs.nr_open, proc(5)).
        const MOST: usize = 1 << 30;
        let fds = match count {
            0 => Err(Errno::INVAL),
            _ if fds.is_null() => Err(Errno::FAULT),
            // SAFETY: they are there, and fewer than could be addressed.
            1..=MOST => Ok(unsafe { slice::from_raw_parts(fds, count) }),
            _ => Err(Errno::INVAL),
        };
        Outputs { fds, count: if results.is_null() || count > MOST { 0 } else { count }, results }
    }

    fn serve(self, from: FdAt<'_>, len: u64, options: Options<'_>) -> Result<i64, Errno> {
        let fds = match self.fds {
            Ok(fds) => fds,
            Err(errno) => return self.refuse(errno),
        };
        // SAFETY: `new` was promised room for a result of each, and the engine tells of no others.
        let report = |index, progress| unsafe { store(self.results, index, progress) };
        fanout::fanout(from, fds, len, options, report).map(|bytes| bytes as i64)
    }

    /// The arguments make no sense.
    fn refuse(self, errno: Errno) -> Result<i64, Errno> {
        for index in 0..self.count {
            // SAFETY: `new` was promised room for a result of each.
            unsafe { store(self.results, index, Progress::refused(errno)) };
        }
        Err(errno)
    }
}
