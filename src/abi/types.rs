//! Lengths, mechanisms, sides, and what became of a transfer.

use crate::engine::Progress;
use crate::errno::{self};

/// What became of a transfer. Written whole, on success and on failure.
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
    /// Bytes taken from the input, not delivered, and not to be had again. zs_tee_full: those in
    /// fd_copy that are not yet in fd_out, and still in fd_in.
    pub in_flight: u64,
    /// Of bytes, those that passed through user memory.
    pub copied: u64,
    /// Of bytes, those that we left as holes in the output (not those that a clone or
    /// copy_file_range(2) left by itself).
    pub holes: u64,
    /// ZS_VIA_*: every mechanism that delivered bytes.
    pub via: u32,
    /// ZS_SIDE_*: where the error came from; 0 without one, or where one system call touches both
    /// sides and its errno does not tell.
    pub side: u32,
    /// The errno value of the failure, or 0.
    pub error: i32,
    /// Zero.
    pub spare: [u32; 5],
}

const _: () = assert!(size_of::<zs_result>() == 64);

impl From<Progress> for zs_result {
    fn from(progress: Progress) -> zs_result {
        zs_result {
            bytes: progress.bytes,
            in_flight: progress.in_flight,
            copied: progress.copied,
            holes: progress.holes,
            via: progress.via,
            side: progress.end.err().and_then(|error| error.side).map_or(0, |side| side as u32),
            error: progress.end.map_or_else(|error| error.errno.0, |()| 0),
            spare: [0; 5],
        }
    }
}

/// Runs a transfer: writes what became of it, and returns the count, or -1 with errno set.
///
/// # Safety
///
/// `result` is null, or room for one that nobody else uses.
pub(super) unsafe fn conclude(result: *mut zs_result, work: impl FnOnce() -> Progress) -> i64 {
    errno::answer(|| {
        let progress = work();
        // SAFETY: the caller's promise, of a first result.
        unsafe { store(result, 0, progress) };
        progress.end.map(|()| progress.bytes as i64).map_err(|error| error.errno)
    })
}

/// Writes what became of one of several transfers.
///
/// # Safety
///
/// `results` is null, or room for more than `index` that nobody else uses.
pub(super) unsafe fn store(results: *mut zs_result, index: usize, progress: Progress) {
    if results.is_null() {
        return;
    }
    // SAFETY: it is not null, so there is room for that many.
    let result = unsafe { results.add(index) };
    // SAFETY: a zs_result needs no drop, and need not be one yet.
    unsafe { result.write(progress.into()) };
}
