//! How a transfer is to be done.

use super::types::zs_result;
use crate::engine::{Options, Progress};
use crate::errno::{Errno, Result};
use libc::{c_int, c_void};

/// How a transfer is to be done. All zero: the defaults.
///
/// @since 0.1
#[allow(non_camel_case_types)]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct zs_options {
    /// sizeof(struct zs_options); 0 means the size it has in 0.1, for ever. Smaller is EINVAL. Where
    /// it is larger than the library knows, the rest must be zero, else E2BIG.
    pub size: u32,
    /// ZS_INTERRUPT and so on. Unknown ones, and those that contradict each other, are EINVAL.
    pub flags: u32,
    /// Give up after so many nanoseconds, with ETIMEDOUT; 0: never. Negative: EINVAL.
    pub timeout_ns: i64,
    /// Give up after so many nanoseconds without a byte moved; 0: never. Negative: EINVAL.
    pub idle_ns: i64,
    /// With ZS_CANCEL_FD: once this descriptor is readable, the transfer ends with ECANCELED.
    pub cancel_fd: i32,
    /// ZS_VIA_*: mechanisms not to be used, not even tried; EOPNOTSUPP if none is left.
    pub avoid: u32,
    /// NULL, or called after every step; not 0 ends the transfer with ECANCELED. It must not throw or
    /// longjmp.
    pub progress:
        Option<unsafe extern "C" fn(context: *mut c_void, so_far: *const zs_result) -> c_int>,
    /// Handed to progress.
    pub context: *mut c_void,
}

const SIZE: u32 = size_of::<zs_options>() as u32;
#[cfg(target_pointer_width = "64")]
const _: () = assert!(SIZE == 48);

/// No structure will ever measure more: what says so is no size, and not followed into memory that may
/// not be there.
const SIZE_MAX: u32 = 1 << 20;

/// Reads the caller's options; NULL: the defaults.
///
/// # Safety
///
/// `options` is null, or points to a zs_options, or as many bytes as its `size` says.
pub(super) unsafe fn read(options: *const zs_options) -> Result<Option<zs_options>> {
    if options.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not null, so at least its size is there, which comes first.
    let size = unsafe { options.cast::<u32>().read() };
    match size {
        0 | SIZE => {}
        ..SIZE => return Err(Errno::INVAL),
        size if size > SIZE_MAX => return Err(Errno::TOOBIG),
        size => {
            let rest = size.saturating_sub(SIZE) as usize;
            // SAFETY: `size` says that there is more behind what we know.
            let behind = unsafe { options.add(1) }.cast::<u8>();
            // SAFETY: it says how much.
            let rest = unsafe { core::slice::from_raw_parts(behind, rest) };
            if rest.iter().any(|&byte| byte != 0) {
                return Err(Errno::TOOBIG);
            }
        }
    }
    // SAFETY: its size says that all of it is there.
    Ok(Some(unsafe { options.read() }))
}

/// Runs `work` with what the engines make of `options`, or says that they are `refused`.
pub(super) fn with<T>(
    options: Result<Option<zs_options>>,
    refused: impl FnOnce(Errno) -> T,
    work: impl FnOnce(Options<'_>) -> T,
) -> T {
    let given = match options {
        Ok(Some(given)) => given,
        Ok(None) => return work(Options::default()),
        Err(errno) => return refused(errno),
    };
    let mut told = |so_far: &Progress| {
        let so_far = zs_result::from(*so_far);
        // SAFETY: the caller gave us the function and what it is to be handed, for just this.
        given.progress.is_some_and(|tell| unsafe { tell(given.context, &raw const so_far) } != 0)
    };
    work(Options {
        flags: given.flags,
        timeout: given.timeout_ns,
        idle: given.idle_ns,
        cancel_fd: given.cancel_fd,
        avoid: given.avoid,
        progress: if given.progress.is_some() { Some(&mut told) } else { None },
    })
}
