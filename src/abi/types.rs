// SPDX-License-Identifier: MIT OR Apache-2.0

//! The outcome of a transfer, as C sees it.

use crate::engine::Progress;
use crate::errno::{Errno, Result};

/// Outcome of a transfer. Every member is written, on success and on failure.
///
/// 64 bytes on every platform, frozen.
///
/// @since 0.1
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct zs_result {
    /// Bytes delivered to the output, holes included.
    pub bytes: u64,
    /// Bytes consumed from the input but not delivered; they cannot be read again. zs_tee_full:
    /// bytes that are in fd_copy but not yet in fd_out; they are still in fd_in.
    pub in_flight: u64,
    /// The part of `bytes` that passed through user memory.
    pub copied: u64,
    /// The part of `bytes` that the library left as holes in the output. Holes that a clone or
    /// copy_file_range(2) left are not counted.
    pub holes: u64,
    /// ZS_VIA_*: every mechanism that delivered bytes.
    pub via: u32,
    /// ZS_SIDE_*: where the error occurred. 0: no error, or a system call that touches both
    /// sides failed and its errno does not say which.
    pub side: u32,
    /// The errno value of the failure, or 0.
    pub error: i32,
    /// ZS_VIA_*: every mechanism that was tried in this transfer and refused. One that refused
    /// only later has delivered bytes, too.
    pub refused: u32,
    /// The errno value of the first of these refusals, or 0. (0 bytes from an input that has not
    /// ended: EOPNOTSUPP.)
    pub refusal: i32,
    /// zs_bridge: 0 from a to b, 1 from b to a. zs_fanout: which output. Otherwise 0.
    pub index: u32,
    /// Zero.
    pub spare: [u32; 2],
}

const _: () = assert!(size_of::<zs_result>() == 64);

impl From<&Progress> for zs_result {
    fn from(progress: &Progress) -> zs_result {
        zs_result {
            bytes: progress.bytes,
            in_flight: progress.in_flight,
            copied: progress.copied,
            holes: progress.holes,
            via: progress.via,
            side: progress.end.err().and_then(|error| error.side).map_or(0, |side| side as u32),
            error: error(progress).map_or_else(|Errno(number): Errno| number, |()| 0),
            refused: progress.refused,
            refusal: progress.refusal.0,
            index: progress.index,
            spare: [0; 2],
        }
    }
}

/// The errno that ended a transfer, if it failed.
pub(super) fn error(progress: &Progress) -> Result<()> {
    progress.end.map_err(|error| error.errno)
}

/// The bytes that a transfer delivered, or the errno that ended it.
pub(super) fn count(progress: &Progress) -> Result<i64> {
    error(progress).map(|()| progress.bytes as i64)
}

/// Writes the outcome of a transfer, unless `result` is null.
///
/// # Safety
///
/// `result` is null, or memory for a zs_result that nobody else uses.
pub(super) unsafe fn write_result(result: *mut zs_result, progress: &Progress) {
    if !result.is_null() {
        // SAFETY: it is not null, so it is memory for a zs_result, which may be uninitialized:
        // write() does not read or drop the old value.
        unsafe { result.write(progress.into()) };
    }
}

/// Writes the outcome of one of several transfers, unless `results` is null.
///
/// # Safety
///
/// `results` is null, or memory for more than `index` zs_result, of which nobody else uses that
/// one.
pub(super) unsafe fn write_result_at(results: *mut zs_result, index: usize, progress: &Progress) {
    if !results.is_null() {
        // SAFETY: the memory holds more than `index` of them, so the sum stays within it.
        let result = unsafe { results.add(index) };
        // SAFETY: the caller vouches for that one.
        unsafe { write_result(result, progress) };
    }
}

/// Writes the outcomes of the two directions, unless `results` is null.
///
/// # Safety
///
/// `results` is null, or memory for two zs_result that nobody else uses.
#[inline(never)]
pub(super) unsafe fn write_results(results: *mut zs_result, both: &[Progress; 2]) {
    for (index, progress) in both.iter().enumerate() {
        // SAFETY: the memory holds two; the caller vouches for each.
        unsafe { write_result_at(results, index, progress) };
    }
}
