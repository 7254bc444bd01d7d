//! How a transfer is to be done.

use super::outcome::Progress;
use crate::constants::*;
use core::ffi::c_int;

/// The flags that zs_copy has a use for.
pub(crate) const COPY_FLAGS: u32 = ZS_INTERRUPT
    | ZS_NOSIGPIPE
    | ZS_MORE
    | ZS_STABLE
    | ZS_CLONE
    | ZS_NO_CLONE
    | ZS_FILL_HOLES
    | ZS_CANCEL_FD
    | ZS_GROW_PIPE;
/// Those of zs_fanout and zs_bridge. What asks for something that they do anyway is accepted.
pub(crate) const FANOUT_FLAGS: u32 = COPY_FLAGS & !ZS_CLONE | ZS_DROP_FAILED;
pub(crate) const BRIDGE_FLAGS: u32 = COPY_FLAGS & !ZS_CLONE | ZS_EITHER_END;

/// Told how far a transfer has come; true means to cancel it.
pub(crate) type ProgressFn<'a> = &'a mut dyn FnMut(&Progress) -> bool;

/// struct zs_options, read. All zero: the defaults.
#[derive(Default)]
pub(crate) struct Options<'a> {
    pub(crate) flags: u32,
    /// Nanoseconds; 0: no limit.
    pub(crate) timeout: i64,
    pub(crate) idle: i64,
    pub(crate) cancel_fd: c_int,
    pub(crate) avoid: u32,
    pub(crate) progress: Option<ProgressFn<'a>>,
}

impl Options<'_> {
    pub(crate) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether they make sense for an engine that has a use for the flags `known`.
    pub(crate) const fn make_sense(&self, known: u32) -> bool {
        let contradiction = self.has(ZS_CLONE) && self.has(ZS_NO_CLONE | ZS_FILL_HOLES);
        self.flags & !known == 0 && !contradiction && self.timeout >= 0 && self.idle >= 0
    }
}
