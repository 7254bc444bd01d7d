//! Lengths, mechanisms, sides, and what became of a transfer.

use crate::engine::{via, Progress, Side};
use crate::errno::{self, Errno};

/// A length: until the input ends.
pub const ZS_TO_END: u64 = u64::MAX;

/// FICLONE, FICLONERANGE: the blocks are shared (ioctl_ficlone(2)).
pub const ZS_VIA_CLONE: u32 = 0x01;
/// copy_file_range(2).
pub const ZS_VIA_COPY_RANGE: u32 = 0x02;
/// sendfile(2).
pub const ZS_VIA_SENDFILE: u32 = 0x04;
/// splice(2).
pub const ZS_VIA_SPLICE: u32 = 0x08;
/// tee(2).
pub const ZS_VIA_TEE: u32 = 0x10;
/// read(2) and write(2), through user memory.
pub const ZS_VIA_READ_WRITE: u32 = 0x20;

/// Reading the input failed.
pub const ZS_SIDE_IN: u32 = 1;
/// Writing the output failed.
pub const ZS_SIDE_OUT: u32 = 2;
/// The arguments failed, the timeout, the cancel, or our own resources.
pub const ZS_SIDE_CALL: u32 = 3;

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
const _: () = assert!(ZS_VIA_CLONE == via::CLONE && ZS_VIA_READ_WRITE == via::READ_WRITE);
const _: () = assert!(ZS_VIA_COPY_RANGE == via::COPY_RANGE && ZS_VIA_SENDFILE == via::SENDFILE);
const _: () = assert!(ZS_VIA_SPLICE == via::SPLICE && ZS_VIA_TEE == via::TEE);
const _: () = assert!(ZS_SIDE_IN == Side::In as u32 && ZS_SIDE_OUT == Side::Out as u32);
const _: () = assert!(ZS_SIDE_CALL == Side::Call as u32);

impl From<Progress> for zs_result {
    fn from(progress: Progress) -> zs_result {
        zs_result {
            bytes: progress.bytes,
            in_flight: progress.in_flight,
            copied: progress.copied,
            holes: progress.holes,
            via: progress.via,
            side: progress.side.map_or(0, |side| side as u32),
            error: progress.end.map_or_else(|Errno(number): Errno| number, |()| 0),
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
        progress.end.map(|()| progress.bytes as i64)
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
