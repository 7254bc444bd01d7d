// SPDX-License-Identifier: MIT OR Apache-2.0

//! What every engine asks. Each file answers one question, for all of them; none names an engine.

pub(crate) mod checks;
pub(crate) mod cursor;
pub(crate) mod endpoint;
pub(crate) mod eof;
#[cfg(test)]
pub(crate) mod explore;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod readiness;
pub(crate) mod refusal;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod sigpipe;
pub(crate) mod tuning;
pub(crate) mod watch;

use crate::errno::{Errno, Result};
use crate::sys;
use core::ffi::c_int;

/// read(2), or preadv2(2) if a sandbox refuses that.
#[inline(never)]
pub(crate) fn read(fd: c_int, into: &mut [u8]) -> Result<usize> {
    match sys::read(fd, into, None) {
        Err(errno) if errno.is_unavailable() => match sys::preadv2(fd, into, 0) {
            Err(again) if again.is_unavailable() => Err(errno),
            answer => answer,
        },
        answer => answer,
    }
}

/// Makes `call`, which does not wait, again for as long as a signal interrupts it.
pub(crate) fn retry_on_intr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}
