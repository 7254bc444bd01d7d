// SPDX-License-Identifier: MIT OR Apache-2.0

//! The mechanisms below the clone, and their order.

#[cfg(test)]
use super::transfer::scratch;
use super::transfer::{Transfer, Tried};
use super::{buffered, direct, piped};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::outcome::Error;
use crate::engine::shared::tuning;
use crate::errno::Errno;

/// A mechanism below the clone.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Mechanism {
    /// docs/kernel.md, "copy_file_range(2) across file systems"
    CopyRange,
    Sendfile,
    /// splice(2) between a pipe of the caller's and the other side.
    Splice,
    /// splice(2) through a pipe of our own.
    Piped,
    /// read(2) and write(2), as long as the input comes in small pieces.
    SmallReads,
    /// read(2) and write(2).
    Buffered,
}

use Mechanism::{Buffered, CopyRange, Piped, Sendfile, SmallReads, Splice};

/// Mechanisms in the order in which they are tried. Not a slice: its address would take more room than it
/// does.
type Order = [Option<Mechanism>; 4];

/// Tries the mechanisms in order until everything is copied or the input ends.
pub(super) fn copy_with_fallbacks(transfer: &mut Transfer<'_>) -> Result<(), Error> {
    let first = is_for_a_buffer(transfer).then_some(Buffered);
    for mechanism in first.into_iter().chain(mechanisms(transfer).into_iter().flatten()) {
        if transfer.avoids(mechanism.via()) {
            continue;
        }
        let tried = mechanism.run(transfer)?;
        if mechanism.is_done(transfer, tried) {
            return Ok(());
        }
    }
    Err(transfer.nothing_left())
}

fn mechanisms(transfer: &Transfer<'_>) -> Order {
    let (from, to) = (transfer.input.kind, transfer.output.kind);
    // splice(2) and sendfile(2) pass on pages of a file, and a pipe or a socket may hold such pages
    // (docs/kernel.md, "Pages are handed on, not copied").
    if transfer.has(ZS_STABLE) && !to.is_file() {
        return [Some(Buffered), None, None, None];
    }
    for_kinds(from, to, transfer.has(ZS_MORE))
}

/// Whether read and write are faster than all other mechanisms. The others are used only if there
/// is no memory for a buffer.
fn is_for_a_buffer(transfer: &Transfer<'_>) -> bool {
    !transfer.avoids(ZS_VIA_READ_WRITE)
        && (is_small(transfer) || transfer.is_flushed() || is_cramped(transfer))
}

/// Whether a large file is copied to a socket with a small send buffer, which sendfile(2) fills with
/// pages: each piece then waits for an acknowledgment (SOCKET_LEAST).
fn is_cramped(transfer: &Transfer<'_>) -> bool {
    transfer.input.kind.is_file()
        && transfer.remaining_by_size() > tuning::BUFFER as u64
        && transfer.output.share() < tuning::SOCKET_LEAST
}

const fn for_kinds(from: FdKind, to: FdKind, more: bool) -> Order {
    match (from, to) {
        (FdKind::File, FdKind::File) => {
            [Some(CopyRange), Some(Sendfile), Some(Piped), Some(Buffered)]
        }
        (FdKind::Pipe, _) => [Some(Splice), Some(Buffered), None, None],
        (FdKind::File | FdKind::Block, FdKind::Pipe) => {
            [Some(Splice), Some(Sendfile), Some(Buffered), None]
        }
        (FdKind::Socket, FdKind::Pipe) => [Some(Splice), Some(Buffered), None, None],
        // read(2) sees an end or an error that the state of the output hides from splice(2).
        (FdKind::Char | FdKind::Other, FdKind::Pipe) => {
            [Some(SmallReads), Some(Splice), Some(Buffered), None]
        }
        // sendfile(2) has no SPLICE_F_MORE.
        (FdKind::File | FdKind::Block | FdKind::Char, FdKind::Socket) if more => {
            [Some(Piped), Some(Buffered), Some(Sendfile), None]
        }
        (FdKind::File | FdKind::Block, _) => [Some(Sendfile), Some(Piped), Some(Buffered), None],
        (FdKind::Char, _) => [Some(SmallReads), Some(Sendfile), Some(Buffered), Some(Piped)],
        (FdKind::Socket | FdKind::Other, _) => {
            [Some(SmallReads), Some(Piped), Some(Buffered), None]
        }
    }
}

/// Whether read and write are faster than copy_file_range(2), or the only way: for files that do not
/// know their size (procfs).
fn is_small(transfer: &Transfer<'_>) -> bool {
    let limit = if transfer.output.kind == FdKind::File { tuning::READ_WRITE_FILE } else { 1 };
    transfer.input.kind == FdKind::File && transfer.remaining_by_size() < limit
}

impl Mechanism {
    const fn via(self) -> u32 {
        match self {
            CopyRange => ZS_VIA_COPY_RANGE,
            Sendfile => ZS_VIA_SENDFILE,
            Splice | Piped => ZS_VIA_SPLICE,
            SmallReads | Buffered => ZS_VIA_READ_WRITE,
        }
    }

    fn run(self, transfer: &mut Transfer<'_>) -> Result<Tried, Error> {
        match self {
            CopyRange if !transfer.may_share() => Ok(Tried::NotForThis),
            CopyRange => direct::copy_range(transfer),
            Sendfile => direct::sendfile(transfer),
            Splice => direct::splice(transfer),
            Piped => piped::run(transfer),
            SmallReads => buffered::small_reads(transfer),
            Buffered => buffered::run(transfer),
        }
    }

    /// Whether everything is copied; if not, the next mechanism goes on.
    fn is_done(self, transfer: &mut Transfer<'_>, tried: Tried) -> bool {
        match tried {
            Tried::Done => return true,
            Tried::Unsupported(errno) => self.refused(transfer, errno),
            Tried::NotForThis => {}
            Tried::NoMemory => {
                transfer.give_up(self.via());
                transfer.lack = Errno::NOMEM;
            }
        }
        false
    }

    /// A mechanism that refused is not tried again in this copy. If sendfile(2) cannot read the input or
    /// write the output, splice(2) cannot either.
    fn refused(self, transfer: &mut Transfer<'_>, errno: Errno) {
        transfer.refused(self.via(), errno);
        if self == Sendfile && errno == Errno::INVAL && transfer.input.kind.is_file() {
            transfer.give_up(ZS_VIA_SPLICE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::shared::options::Options;
    use crate::engine::shared::outcome::Progress;

    const KINDS: [FdKind; 6] =
        [FdKind::File, FdKind::Block, FdKind::Char, FdKind::Pipe, FdKind::Socket, FdKind::Other];

    #[test]
    fn every_pair_has_read_and_write_to_end_with() {
        for from in KINDS {
            for to in KINDS {
                assert!(for_kinds(from, to, false).contains(&Some(Buffered)));
                assert!(for_kinds(from, to, true).contains(&Some(Buffered)));
            }
        }
    }

    #[test]
    fn copy_file_range_is_for_two_files_only() {
        for from in KINDS {
            for to in KINDS {
                let files = from == FdKind::File && to == FdKind::File;
                assert_eq!(for_kinds(from, to, false).contains(&Some(CopyRange)), files);
            }
        }
    }

    #[test]
    fn no_pipe_of_ours_stands_beside_one_of_the_callers() {
        for kind in KINDS {
            assert!(!for_kinds(FdKind::Pipe, kind, false).contains(&Some(Piped)));
            assert!(!for_kinds(kind, FdKind::Pipe, false).contains(&Some(Piped)));
        }
    }

    /// What a transfer of which `moved` bytes have moved knows after these mechanisms have come to that.
    /// The output does not append.
    fn after(moved: u64, tries: &[(Mechanism, Tried)]) -> (Progress, u32) {
        let (from, to) = (scratch::file(b"some"), scratch::file(b""));
        let (mut input, mut output) = (scratch::cursor(&from), scratch::cursor(&to));
        let so_far = Progress { bytes: moved, ..Progress::NONE };
        let mut options = Options::default();
        let mut transfer = Transfer::new(&mut input, &mut output, 4, so_far, &mut options);
        for (mechanism, tried) in tries {
            assert_eq!(mechanism.is_done(&mut transfer, *tried), *tried == Tried::Done);
        }
        let all = [CopyRange, Sendfile, Splice, Buffered].map(Mechanism::via);
        let avoided = all.into_iter().filter(|via| transfer.avoids(*via)).sum();
        (transfer.so_far, avoided)
    }

    fn known(progress: Progress) -> (u32, Errno) {
        (progress.refused, progress.refusal)
    }

    #[test]
    fn what_refuses_is_noted_with_the_first_reason_and_not_tried_again() {
        let refusals = [
            (CopyRange, Tried::Unsupported(Errno::PERM)),
            (Piped, Tried::Unsupported(Errno::INVAL)),
        ];
        let (progress, avoided) = after(0, &refusals);
        assert_eq!(known(progress), (ZS_VIA_COPY_RANGE | ZS_VIA_SPLICE, Errno::PERM));
        assert_eq!(avoided, ZS_VIA_COPY_RANGE | ZS_VIA_SPLICE);
    }

    #[test]
    fn what_has_not_refused_is_not_noted() {
        let (progress, avoided) =
            after(0, &[(CopyRange, Tried::NotForThis), (Sendfile, Tried::Done)]);
        assert_eq!((known(progress), avoided), ((0, Errno::NONE), 0));
        let (progress, avoided) = after(0, &[(Buffered, Tried::NoMemory)]);
        assert_eq!((known(progress), avoided), ((0, Errno::NONE), ZS_VIA_READ_WRITE));
        // sendfile(2) has answered for splice(2), which is not asked.
        let (progress, avoided) = after(0, &[(Sendfile, Tried::Unsupported(Errno::INVAL))]);
        assert_eq!(known(progress), (ZS_VIA_SENDFILE, Errno::INVAL));
        assert_eq!(avoided, ZS_VIA_SENDFILE | ZS_VIA_SPLICE);
    }

    #[test]
    fn a_bad_descriptor_is_a_refusal_only_once_it_has_been_good() {
        let bad = [(CopyRange, Tried::Unsupported(Errno::BADF))];
        assert_eq!(known(after(0, &bad).0), (0, Errno::NONE));
        assert_eq!(known(after(1, &bad).0), (ZS_VIA_COPY_RANGE, Errno::BADF));
        assert_eq!(after(0, &bad).1, ZS_VIA_COPY_RANGE);
    }
}
