// SPDX-License-Identifier: MIT OR Apache-2.0

//! The options of a transfer, as C gives them.

use super::types::zs_result;
use crate::engine::{Options, Progress};
use crate::errno::{Errno, Result};
use core::{ptr, slice};
use libc::{c_int, c_void};

/// Options of a transfer. All zero: the defaults.
///
/// @since 0.1
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct zs_options {
    /// sizeof(struct zs_options). 0 stands for the size in version 0.1, in all later versions
    /// too. A smaller size is EINVAL. If it is larger than the library knows, the rest has to
    /// be zero (E2BIG).
    pub size: u32,
    /// The flags below. EINVAL: unknown flags, and flags that contradict each other.
    ///
    /// ZS_INTERRUPT is best effort: a signal between two waits is missed; use cancel_fd or
    /// progress to be sure. Without it signals do not end a transfer.
    ///
    /// ZS_CLONE shares every block that is completely in both ranges and copies the edges
    /// (everything, if there is no whole block). If the kernel refuses, the transfer fails with
    /// the kernel's error and nothing is written (EINVAL: the two ranges are not aligned
    /// alike).
    ///
    /// ZS_NO_CLONE also rules out copy_file_range(2), which may share blocks without telling.
    ///
    /// ZS_STABLE: the output gets the bytes as they are when they are read.
    ///
    /// ZS_GROW_PIPE changes nothing but the capacity for others who use the pipe.
    pub flags: u32,
    /// Fail with ETIMEDOUT after this many nanoseconds; 0: no limit. Negative: EINVAL.
    pub timeout_ns: i64,
    /// Fail with ETIMEDOUT after this many nanoseconds without a byte moved; 0: no limit.
    /// Negative: EINVAL.
    pub idle_ns: i64,
    /// With ZS_CANCEL_FD: fail with ECANCELED once this descriptor is readable.
    pub cancel_fd: i32,
    /// ZS_VIA_*: mechanisms that are neither used nor tried. EOPNOTSUPP if none is left.
    pub avoid: u32,
    /// Called after every step, unless NULL; the transfer fails with ECANCELED if it returns
    /// anything but 0. It must not throw or longjmp.
    pub progress:
        Option<unsafe extern "C" fn(context: *mut c_void, so_far: *const zs_result) -> c_int>,
    /// Passed to progress.
    pub context: *mut c_void,
    /// zs_bridge: as idle_ns, but only once one direction is over; 0: no limit. Negative:
    /// EINVAL.
    pub half_idle_ns: i64,
    /// Move at most this many bytes per second, over any second and more, in each direction; 0:
    /// no limit. Steps become small enough for that to be even. Shared blocks and holes are not
    /// counted.
    pub rate: u64,
}

const SIZE: u32 = size_of::<zs_options>() as u32;
const _: () = assert!(SIZE == if cfg!(target_pointer_width = "64") { 64 } else { 56 });

/// A larger `size` is garbage; that much memory is not scanned for it.
const SIZE_MAX: u32 = 1 << 20;

const DEFAULTS: zs_options = zs_options {
    size: 0,
    flags: 0,
    timeout_ns: 0,
    idle_ns: 0,
    cancel_fd: 0,
    avoid: 0,
    progress: None,
    context: ptr::null_mut(),
    half_idle_ns: 0,
    rate: 0,
};

/// Reads the caller's options; NULL: the defaults.
///
/// # Safety
///
/// `options` is null, or points to as many readable bytes as its `size` says, or to a whole
/// zs_options if that is 0. Its progress function may be called with its context.
pub(super) unsafe fn read(options: *const zs_options) -> Result<zs_options> {
    if options.is_null() {
        return Ok(DEFAULTS);
    }
    // SAFETY: it is not null, so at least `size`, its first member, can be read.
    let size = unsafe { options.cast::<u32>().read() };
    match size {
        0 | SIZE => {}
        ..SIZE => return Err(Errno::INVAL),
        size if size > SIZE_MAX => return Err(Errno::TOOBIG),
        size => {
            let rest = size.saturating_sub(SIZE) as usize;
            // SAFETY: `size` is more than SIZE, so there are bytes after the members we know.
            let after = unsafe { options.add(1) }.cast::<u8>();
            // SAFETY: `size` says that there are `rest` of them.
            let rest = unsafe { slice::from_raw_parts(after, rest) };
            if rest.iter().any(|&byte| byte != 0) {
                return Err(Errno::TOOBIG);
            }
        }
    }
    // SAFETY: `size` says that every member we know is there.
    Ok(unsafe { options.read() })
}

/// Runs a transfer with the caller's options, unless they could not be read.
pub(super) fn with_options<T>(
    options: Result<zs_options>,
    transfer: impl FnOnce(Options<'_>) -> T,
) -> Result<T> {
    let given = options?;
    let mut on_progress = |so_far: &Progress| tell(&given, so_far);
    Ok(transfer(Options {
        flags: given.flags,
        timeout: given.timeout_ns,
        idle: given.idle_ns,
        half_idle: given.half_idle_ns,
        rate: given.rate,
        cancel_fd: given.cancel_fd,
        avoid: given.avoid,
        progress: if given.progress.is_some() { Some(&mut on_progress) } else { None },
    }))
}

/// Calls the progress function of options that `read` has read.
#[inline(never)]
fn tell(given: &zs_options, so_far: &Progress) -> bool {
    let so_far = zs_result::from(so_far);
    // SAFETY: `read` was promised that this function may be called with this context; the
    // result outlives the call.
    given.progress.is_some_and(|call| unsafe { call(given.context, &raw const so_far) } != 0)
}
