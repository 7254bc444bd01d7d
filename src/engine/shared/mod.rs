// SPDX-License-Identifier: MIT OR Apache-2.0

//! What every engine asks. Each file answers one question, for all of them; none names an engine.

pub(crate) mod checks;
pub(crate) mod cursor;
pub(crate) mod endpoint;
pub(crate) mod eof;
pub(crate) mod options;
pub(crate) mod outcome;
pub(crate) mod readiness;
pub(crate) mod refusal;
#[cfg(test)]
pub(crate) mod script;
pub(crate) mod sigpipe;
pub(crate) mod tuning;
pub(crate) mod watch;

use crate::errno::{Errno, Result};

/// Makes `call`, which does not wait, again for as long as a signal interrupts it.
pub(crate) fn retry_on_intr<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}
