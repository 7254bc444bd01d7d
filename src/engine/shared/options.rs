// SPDX-License-Identifier: MIT OR Apache-2.0

//! The options of a transfer, and what ZSPLICE_AVOID adds to them.

use super::outcome::Progress;
use crate::constants::*;
use crate::sys;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU32, Ordering};

/// The flags that zs_copy knows.
pub(crate) const COPY_FLAGS: u32 = ZS_INTERRUPT
    | ZS_NOSIGPIPE
    | ZS_MORE
    | ZS_STABLE
    | ZS_CLONE
    | ZS_NO_CLONE
    | ZS_FILL_HOLES
    | ZS_CANCEL_FD
    | ZS_GROW_PIPE;
/// Those of zs_fanout and zs_bridge. A flag that asks for what they do anyway is accepted.
pub(crate) const FANOUT_FLAGS: u32 = COPY_FLAGS & !ZS_CLONE | ZS_DROP_FAILED;
pub(crate) const BRIDGE_FLAGS: u32 = COPY_FLAGS & !ZS_CLONE | ZS_EITHER_END;

/// Called with the progress of the transfer; returns true to cancel it.
pub(crate) type ProgressFn<'a> = &'a mut dyn FnMut(&Progress) -> bool;

/// struct zs_options as the engines see it. All zero: the defaults.
#[derive(Default)]
pub(crate) struct Options<'a> {
    pub(crate) flags: u32,
    /// In nanoseconds; 0: no limit.
    pub(crate) timeout: i64,
    /// In nanoseconds; 0: no limit.
    pub(crate) idle: i64,
    /// As `idle`, once one of two directions is over. In nanoseconds; 0: no limit.
    pub(crate) half_idle: i64,
    /// Bytes per second; 0: no limit.
    pub(crate) rate: u64,
    pub(crate) cancel_fd: c_int,
    pub(crate) avoid: u32,
    pub(crate) progress: Option<ProgressFn<'a>>,
}

impl Options<'_> {
    pub(crate) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The same options, for a shorter time.
    pub(crate) fn reborrow(&mut self) -> Options<'_> {
        let progress = self.progress.as_mut().map(|progress| &mut **progress as ProgressFn<'_>);
        Options { progress, ..*self }
    }

    /// Whether they are valid for an engine with the flags `known`.
    pub(crate) const fn are_valid(&self, known: u32) -> bool {
        let contradiction = self.has(ZS_CLONE) && self.has(ZS_NO_CLONE | ZS_FILL_HOLES);
        let is_negative = self.timeout < 0 || self.idle < 0 || self.half_idle < 0;
        self.flags & !known == 0 && !contradiction && !is_negative
    }
}

/// The mechanisms that ZSPLICE_AVOID names, for programs that cannot be changed and for sandboxes
/// (docs/kernel.md, "A sandbox kills for single calls"). The environment is read in the first call;
/// if two threads both read it they read the same.
pub(crate) fn avoided_by_environment() -> u32 {
    /// Set once the environment has been read.
    const READ: u32 = 1 << 31;
    static KNOWN: AtomicU32 = AtomicU32::new(0);
    let known = KNOWN.load(Ordering::Relaxed);
    if known & READ != 0 {
        return known & !READ;
    }
    let avoid = sys::secure_getenv(c"ZSPLICE_AVOID").map_or(0, |list| mechanisms(list.to_bytes()));
    KNOWN.store(avoid | READ, Ordering::Relaxed);
    avoid
}

/// The mechanisms in a list of names with commas between them; unknown names are ignored, and so is
/// read/write, which is always left.
fn mechanisms(list: &[u8]) -> u32 {
    let mut avoid = 0;
    for word in list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
        let mut via = ZS_VIA_CLONE;
        while via < ZS_VIA_READ_WRITE {
            if via_name(via) == Some(word) {
                avoid |= via;
            }
            via <<= 1;
        }
    }
    avoid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas_and_unknown_ones_ignored() {
        assert_eq!(mechanisms(b""), 0);
        assert_eq!(mechanisms(b"splice"), ZS_VIA_SPLICE);
        assert_eq!(
            mechanisms(b"clone, tee,nonsense,,sendfile"),
            ZS_VIA_CLONE | ZS_VIA_TEE | ZS_VIA_SENDFILE
        );
        assert_eq!(mechanisms(b"splicetee copy_file_range"), 0);
        assert_eq!(mechanisms(b"tee,tee,read/write"), ZS_VIA_TEE);
    }
}
