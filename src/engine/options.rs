//! How a transfer is to be done.

use super::Progress;
use core::ffi::c_int;

/// The flags, as bits: those of `zs_options.flags`.
pub(crate) mod flag {
    pub(crate) const INTERRUPT: u32 = 0x0002;
    pub(crate) const NOSIGPIPE: u32 = 0x0004;
    pub(crate) const MORE: u32 = 0x0008;
    pub(crate) const STABLE: u32 = 0x0010;
    pub(crate) const CLONE: u32 = 0x0040;
    pub(crate) const NO_CLONE: u32 = 0x0080;
    pub(crate) const FILL_HOLES: u32 = 0x0100;
    pub(crate) const CANCEL_FD: u32 = 0x0200;
    pub(crate) const DROP_FAILED: u32 = 0x0400;
    pub(crate) const GROW_PIPE: u32 = 0x0800;
    pub(crate) const EITHER_END: u32 = 0x1000;

    /// What zs_copy has a use for.
    pub(crate) const OF_COPY: u32 = INTERRUPT
        | NOSIGPIPE
        | MORE
        | STABLE
        | CLONE
        | NO_CLONE
        | FILL_HOLES
        | CANCEL_FD
        | GROW_PIPE;
    /// What zs_fanout and zs_bridge have a use for: of the rest, what they need not do anyway.
    pub(crate) const OF_FANOUT: u32 = OF_COPY & !CLONE | DROP_FAILED;
    pub(crate) const OF_BRIDGE: u32 = OF_COPY & !CLONE | EITHER_END;
}

/// Told how far a transfer has come; true means to cancel it.
pub(crate) type Told<'a> = &'a mut dyn FnMut(&Progress) -> bool;

/// struct zs_options, read. All zero: the defaults.
#[derive(Default)]
pub(crate) struct Options<'a> {
    pub(crate) flags: u32,
    /// Nanoseconds; 0: no limit.
    pub(crate) timeout: i64,
    pub(crate) idle: i64,
    pub(crate) cancel_fd: c_int,
    pub(crate) avoid: u32,
    pub(crate) progress: Option<Told<'a>>,
}

impl Options<'_> {
    pub(crate) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Whether they make sense for an engine that has a use for the flags `known`.
    pub(crate) const fn make_sense(&self, known: u32) -> bool {
        let contradiction = self.has(flag::CLONE) && self.has(flag::NO_CLONE | flag::FILL_HOLES);
        self.flags & !known == 0 && !contradiction && self.timeout >= 0 && self.idle >= 0
    }
}
