//! How a transfer is to be done.

use super::types::zs_result;
use crate::engine::{flag, Options, Progress};
use crate::errno::{Errno, Result};
use libc::{c_int, c_void};

/// EINTR when a signal arrives while it waits (best effort: a signal between two waits goes unseen;
/// cancel_fd and progress do not). Without it, carry on.
pub const ZS_INTERRUPT: u32 = 0x0002;
/// EPIPE without the signal; a SIGPIPE that is pending already stays.
pub const ZS_NOSIGPIPE: u32 = 0x0004;
/// More will follow at once: let a socket hold the last packet.
pub const ZS_MORE: u32 = 0x0008;
/// The output gets the bytes as they are when taken: never hand on pages of a file that may still
/// change.
pub const ZS_STABLE: u32 = 0x0010;
/// Share every block that lies whole in both ranges and copy the edges (all, where there is no whole
/// block), or be refused with the kernel's error (EINVAL where the ranges are not aligned alike) and
/// nothing written: cp --reflink=always.
pub const ZS_CLONE: u32 = 0x0040;
/// Never share extents: cp --reflink=never. No copy_file_range(2), which may share unseen.
pub const ZS_NO_CLONE: u32 = 0x0080;
/// Write holes out as zeroes.
pub const ZS_FILL_HOLES: u32 = 0x0100;
/// cancel_fd counts.
pub const ZS_CANCEL_FD: u32 = 0x0200;
/// zs_fanout: go on without an output that failed.
pub const ZS_DROP_FAILED: u32 = 0x0400;
/// Let a pipe of the caller's grow, to 1 MiB at most: several times faster, and its other users
/// notice nothing but the room.
pub const ZS_GROW_PIPE: u32 = 0x0800;
/// zs_bridge: done when either direction has ended.
pub const ZS_EITHER_END: u32 = 0x1000;

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
const _: () = assert!(ZS_INTERRUPT == flag::INTERRUPT && ZS_NOSIGPIPE == flag::NOSIGPIPE);
const _: () = assert!(ZS_MORE == flag::MORE && ZS_STABLE == flag::STABLE);
const _: () = assert!(ZS_CLONE == flag::CLONE && ZS_NO_CLONE == flag::NO_CLONE);
const _: () = assert!(ZS_FILL_HOLES == flag::FILL_HOLES && ZS_CANCEL_FD == flag::CANCEL_FD);
const _: () = assert!(ZS_GROW_PIPE == flag::GROW_PIPE && ZS_DROP_FAILED == flag::DROP_FAILED);
const _: () = assert!(ZS_EITHER_END == flag::EITHER_END);

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
