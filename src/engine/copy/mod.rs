// SPDX-License-Identifier: MIT OR Apache-2.0

//! zs_copy: from any descriptor to any other, by the best mechanism for the pair.
//!
//! If a mechanism refuses, the next one continues at the exact byte, also in the middle of the
//! transfer; a failure of the data path ends it.

mod buffered;
mod clone;
mod direct;
mod eof;
mod holes;
mod mechanisms;
mod piped;
mod small;
mod transfer;

use crate::constants::*;
use crate::engine::shared::cursor::Cursor;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::Eof;
use crate::engine::shared::options::{avoided_by_environment, Options, COPY_FLAGS};
use crate::engine::shared::outcome::{Error, Progress};
use crate::engine::shared::{checks, sigpipe};
use crate::errno::Errno;
use crate::sys::FdAt;
use transfer::Transfer;

/// Copies up to `len` bytes, and advances the two offsets by exactly as many as were copied.
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
    let mut so_far = Progress::NONE;
    so_far.end = between(input, output, len, &mut options, &mut so_far);
    so_far
}

fn between(
    input: FdAt<'_>,
    output: FdAt<'_>,
    mut len: u64,
    options: &mut Options<'_>,
    so_far: &mut Progress,
) -> Result<(), Error> {
    let mut from = Cursor::new(input);
    let mut to = Cursor::new(output);
    len = checks::sides(&mut from, &mut to, len)?;
    let mut end = Ok(false);
    if small::is_enough(&from, &to, len, options) {
        end = small::copy(&mut from, &mut to, &mut len, so_far);
    }
    if end == Ok(false) {
        let mut options = options.reborrow();
        let mut transfer = Transfer::new(&mut from, &mut to, len, *so_far, &mut options);
        end = run_quietly(&mut transfer).map(|()| true);
        *so_far = transfer.so_far;
    }
    let finished = finish((&mut from, input), (&mut to, output));
    end.and(finished)
}

/// Runs the transfer, without SIGPIPE if the caller wants that.
fn run_quietly(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let kind = transfer.output.kind;
    if !transfer.has(ZS_NOSIGPIPE) || kind.is_file() {
        return run(transfer);
    }
    sigpipe::without(|| run(transfer), |end| kind.may_have_raised_sigpipe(end.is_err()))
}

fn run(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    if transfer.remaining == 0 {
        return Ok(());
    }
    transfer.watch.check()?;
    let waits = !transfer.output.kind.is_file() && !transfer.watch.may_block();
    if transfer.input.kind.is_file() && (transfer.output.kind == FdKind::Pipe || waits) {
        // splice(2) waits for room in the pipe before it looks for the end of the file; and nothing is to be
        // waited for at the end.
        transfer.input.find_position();
    }
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
/// files, and the position has to be there in the end.
fn has_ended(transfer: &mut Transfer<'_>) -> Result<bool, Error> {
    match transfer.input.seek_to_end() {
        Some(is_there) => Ok(is_there),
        None => Ok(eof::after_zero(transfer)? == Eof::Yes),
    }
}

/// Leaves the file positions and the caller's offsets as the caller expects them, however the copy has ended.
fn finish(
    (from, input): (&mut Cursor, FdAt<'_>),
    (to, output): (&mut Cursor, FdAt<'_>),
) -> Result<(), Error> {
    let stored = from.store_position().map_err(Error::input);
    let end = stored.and(to.store_position().map_err(Error::output));
    from.store_offset(input);
    to.store_offset(output);
    end
}
