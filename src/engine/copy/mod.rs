// SPDX-License-Identifier: MIT OR Apache-2.0

//! Anything to anything, by the best mechanism there is.
//!
//! A mechanisms of mechanisms: one that refuses leads to the next, before the first byte or in the
//! middle, at the exact byte; a failure of the data path ends the transfer.

mod buffered;
mod clone;
mod direct;
mod eof;
mod holes;
mod mechanisms;
mod piped;
mod transfer;

use crate::constants::*;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::options::{avoided_by_environment, Options, COPY_FLAGS};
use crate::engine::shared::outcome::{Error, Progress};
use crate::engine::shared::{checks, sigpipe};
use crate::errno::Errno;
use crate::sys::FdAt;
use transfer::Transfer;

/// Copies up to `len` bytes, and moves the two offsets on by exactly those.
pub(crate) fn copy(
    input: FdAt<'_>,
    output: FdAt<'_>,
    len: u64,
    mut options: Options<'_>,
) -> Progress {
    if !options.are_valid(COPY_FLAGS) {
        return Progress::refused(Errno::INVAL);
    }
    options.avoid |= avoided_by_environment();
    let (from, to) = match checks::cursors(input, output, len) {
        Ok(spots) => spots,
        Err(error) => return Progress::failed(error),
    };
    let mut transfer = Transfer::new(from, to, len, &mut options);
    let quiet = options.has(ZS_NOSIGPIPE) && !transfer.output.kind.is_file();
    let end = if quiet {
        // A splice(2) that came to less than all may have raised one, too, whatever has come next.
        sigpipe::without(|| run(&mut transfer), Result::is_err)
    } else {
        run(&mut transfer)
    };
    let finished = finish(&mut transfer);
    let end = end.and(finished);
    transfer.store_offsets(input, output);
    Progress { end, ..transfer.so_far }
}

fn run(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    if transfer.remaining == 0 {
        return Ok(());
    }
    transfer.watch.check()?;
    if transfer.has(ZS_GROW_PIPE) {
        transfer.grow_pipes();
    }
    if transfer.has(ZS_CLONE) || transfer.may_clone() {
        clone::share(transfer)?;
        if transfer.remaining == 0
            || transfer.so_far.bytes > 0 && transfer.is_at_size() && has_ended(transfer)?
        {
            return Ok(());
        }
    }
    if holes::are_likely(transfer) {
        return holes::walk(transfer);
    }
    mechanisms::copy_with_fallbacks(transfer)
}

/// Whether the input ends where the clone did. A file system that shares blocks knows the sizes of its
/// files; and the position is to be there in the end.
fn has_ended(transfer: &mut Transfer<'_>) -> Result<bool, Error> {
    match transfer.input.seek_to_end() {
        Some(is_there) => Ok(is_there),
        None => Ok(eof::after_zero(transfer)? == Eof::Yes),
    }
}

/// Leaves everything as the caller expects it, however the copy has ended.
fn finish(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let input = transfer.input.store_position().map_err(Error::input);
    let output = transfer.output.store_position().map_err(Error::output);
    input.and(output)
}
