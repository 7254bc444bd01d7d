// SPDX-License-Identifier: MIT OR Apache-2.0

//! Fan-out: one input to many outputs
//!
//! Every output gets every byte of the input once and in order, at the pace of the slowest. Where
//! possible the outputs share the bytes (tee(2)) instead of getting copies.

use super::options::{self, with_options, zs_options};
use super::side;
use super::types::{write_result_at, zs_result};
use crate::engine::{fanout, Options, Progress};
use crate::errno::{self, Errno, Result};
use crate::sys::FdAt;
use core::slice;
use libc::{c_int, size_t};

/// Copies `len` bytes from one descriptor to each of several others, fewer only if the input ends.
///
/// An output that fails ends the call, or is left out from there on with ZS_DROP_FAILED. For each
/// output `bytes + in_flight` is the number of bytes read from the input while it took part.
///
/// @param fd_in    descriptor to read from
/// @param off_in   offset to read at, advanced by the bytes read; NULL: the descriptor's own
///                 offset; has to be NULL for a descriptor that cannot seek (ESPIPE)
/// @param fds_out  descriptors to write to, each at its own offset; not NULL
/// @param count    number of these descriptors; 0 is EINVAL
/// @param len      bytes to copy, or ZS_TO_END
/// @param options  options of the transfer; NULL: the defaults
/// @param results  `count` outcomes, one for each output; may be NULL. The error of an output is
///                 in its own outcome only; an error of the input, a timeout or a cancel is in all
/// @return bytes that every remaining output got, or -1 with errno set; if no output is left,
///         errno is that of the last one to fail
///
/// @since 0.1
#[must_use]
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
    let saved = errno::save();
    // SAFETY: zsplice.h asks for an offset that is NULL, or that nobody else uses until we return.
    let from = unsafe { side(fd_in, off_in) };
    // SAFETY: zsplice.h asks for options that are NULL, or as large as they say.
    let options = unsafe { options::read(options) };
    // SAFETY: zsplice.h asks for `count` descriptors and, unless NULL, as many results.
    let outputs = unsafe { Outputs::new(fds_out, count, results) };
    let bytes = with_options(options, |options| outputs.serve(from, len, options))
        .unwrap_or_else(|errno| outputs.refuse(errno));
    saved.to_c(bytes)
}

/// The caller's descriptors, and where their outcomes are written.
#[derive(Clone, Copy)]
struct Outputs<'a> {
    fds: Result<&'a [c_int]>,
    /// Outcomes that the caller wants: as many as descriptors, or none.
    count: usize,
    results: *mut zs_result,
}

impl Outputs<'_> {
    /// # Safety
    ///
    /// `fds` is null, or points to `count` descriptors; `results` is null, or memory for as
    /// many results that nobody else uses.
    unsafe fn new<'a>(fds: *const c_int, count: usize, results: *mut zs_result) -> Outputs<'a> {
        // More than a process may have descriptors (fs.nr_open, proc(5)).
        const MOST: usize = 1 << 30;
        let fds = match count {
            0 => Err(Errno::INVAL),
            _ if fds.is_null() => Err(Errno::FAULT),
            // SAFETY: it is not null, so it points to `count` descriptors, whose size in bytes is
            // at most 4 GiB; an array that large exists only where isize can hold its size.
            1..=MOST => Ok(unsafe { slice::from_raw_parts(fds, count) }),
            _ => Err(Errno::INVAL),
        };
        Outputs { fds, count: if results.is_null() || count > MOST { 0 } else { count }, results }
    }

    fn serve(self, from: FdAt<'_>, len: u64, options: Options<'_>) -> Result<i64> {
        let fds = match self.fds {
            Ok(fds) => fds,
            Err(errno) => return self.refuse(errno),
        };
        let report = |index, progress| {
            // SAFETY: `new` was promised memory for a result of each descriptor, and the engine
            // reports about no others.
            unsafe { write_result_at(self.results, index, &progress) };
        };
        fanout::fanout(from, fds, len, options, report).map(|bytes| bytes as i64)
    }

    /// Writes the results of a call that has moved nothing, since an argument is invalid.
    fn refuse(self, errno: Errno) -> Result<i64> {
        for index in 0..self.count {
            // SAFETY: `new` was promised memory for `count` results.
            unsafe { write_result_at(self.results, index, &Progress::refused(errno).of(index)) };
        }
        Err(errno)
    }
}
