// SPDX-License-Identifier: MIT OR Apache-2.0

//! What a 0 from the input of a copy means.

use super::buffered;
use super::transfer::{Transfer, Tried};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::outcome::Error;
use crate::errno::Errno;

/// What the calls of a mechanism have returned since the last one that moved bytes.
#[derive(Default)]
pub(super) struct Attempts {
    /// Refusals by two ready sides in a row.
    pub(super) declined: u32,
    /// Whether a 0 has been contradicted.
    contradicted: bool,
}

/// What a 0 means for a mechanism. None: make the call again.
pub(super) fn verdict(
    transfer: &mut Transfer<'_>,
    attempts: &mut Attempts,
) -> Result<Option<Tried>, Error> {
    if attempts.contradicted {
        return Ok(Some(Tried::Unsupported(Errno::OPNOTSUPP)));
    }
    match after_zero(transfer)? {
        Eof::Yes => Ok(Some(Tried::Done)),
        Eof::Unknown => Ok(Some(Tried::Unsupported(Errno::OPNOTSUPP))),
        Eof::No => {
            attempts.contradicted = true;
            Ok(None)
        }
        Eof::NotYet => Ok(None),
    }
}

/// Finds out whether the input has ended, of which a call has just returned 0. A file is read; if that
/// finds a byte it is delivered at once, so that the read is not wasted. A FIFO's first writer is waited
/// for.
#[inline(never)]
pub(super) fn after_zero(transfer: &mut Transfer<'_>) -> Result<Eof, Error> {
    if transfer.input.kind.is_file() && !transfer.avoids(ZS_VIA_READ_WRITE) {
        return file(transfer);
    }
    // A terminal reports end of file (^D) once; asking again would wait for the next line
    // (docs/kernel.md, "A terminal reports its end of file once").
    if transfer.input.kind == FdKind::Char {
        return Ok(Eof::Yes);
    }
    transfer.probe_input()
}

fn file(transfer: &mut Transfer<'_>) -> Result<Eof, Error> {
    match buffered::step(transfer, &mut [0]) {
        Ok(0) => Ok(Eof::Yes),
        Ok(_) => {
            // sendfile(2) goes on at the position, but the byte was written at the offset.
            transfer.output.store_position().map_err(Error::output)?;
            Ok(Eof::No)
        }
        // O_DIRECT neither reads nor writes a single byte.
        Err(Error { errno: Errno::INVAL, .. }) if transfer.so_far.in_flight == 0 => {
            Ok(Eof::Unknown)
        }
        Err(error) => Err(error),
    }
}
