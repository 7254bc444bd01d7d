//! Which mechanism comes after which.

use super::job::{Job, Next};
use super::{buffered, direct, piped};
use crate::constants::*;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::errno::Errno;

/// A mechanism below the clone.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Rung {
    CopyRange,
    Sendfile,
    /// splice(2) between a pipe of the caller's and the other side.
    Splice,
    /// splice(2) through a pipe of ours.
    Piped,
    /// read(2) and write(2) for as long as the input comes in small pieces.
    Taste,
    /// read(2) and write(2).
    Buffered,
}

use Rung::{Buffered, CopyRange, Piped, Sendfile, Splice, Taste};

/// Goes down the ladder until what is left has been copied, or the input has ended.
pub(super) fn climb(job: &mut Job<'_>) -> Outcome<()> {
    for rung in ladder(job) {
        if job.avoids(rung.via()) {
            continue;
        }
        match rung.run(job)? {
            Next::Done => return Ok(()),
            Next::Refused(errno) => rung.refused(job, errno),
            Next::Unfit => {}
        }
    }
    Err(Halt::call(Errno::OPNOTSUPP))
}

fn ladder(job: &Job<'_>) -> &'static [Rung] {
    let (from, to) = (job.input.kind, job.output.kind);
    // splice(2) and sendfile(2) hand on pages of a file, and a pipe or a socket may hold such.
    let aliases = job.options.stable && !job.output.is_file();
    if aliases || is_small(job) {
        return &[Buffered];
    }
    rungs(from, to, job.options.more)
}

const fn rungs(from: Kind, to: Kind, more: bool) -> &'static [Rung] {
    match (from, to) {
        (Kind::File, Kind::File) => &[CopyRange, Sendfile, Piped, Buffered],
        (Kind::Pipe, _) => &[Splice, Buffered],
        (Kind::File | Kind::Block, Kind::Pipe) => &[Splice, Sendfile, Buffered],
        (_, Kind::Pipe) => &[Splice, Buffered],
        // sendfile(2) has no flag that says that more will follow.
        (Kind::File | Kind::Block | Kind::Char, Kind::Socket) if more => {
            &[Piped, Buffered, Sendfile]
        }
        (Kind::File | Kind::Block, _) => &[Sendfile, Piped, Buffered],
        (Kind::Char, _) => &[Sendfile, Buffered, Piped],
        (Kind::Socket | Kind::Other, _) => &[Taste, Piped, Buffered],
    }
}

/// Files up to here are copied faster by read and write than by copy_file_range(2), and files that
/// do not know their size (procfs) only so.
fn is_small(job: &Job<'_>) -> bool {
    const FILE_TO_FILE: u64 = 8 << 10;
    let limit = if job.output.kind == Kind::File { FILE_TO_FILE } else { 1 };
    job.input.kind == Kind::File && job.rest() < limit && !job.avoids(ZS_VIA_READ_WRITE)
}

impl Rung {
    const fn via(self) -> u32 {
        match self {
            CopyRange => ZS_VIA_COPY_RANGE,
            Sendfile => ZS_VIA_SENDFILE,
            Splice | Piped => ZS_VIA_SPLICE,
            Taste | Buffered => ZS_VIA_READ_WRITE,
        }
    }

    fn run(self, job: &mut Job<'_>) -> Outcome<Next> {
        match self {
            CopyRange if !job.may_share() => Ok(Next::Refused(Errno::OPNOTSUPP)),
            CopyRange => direct::copy_range(job),
            Sendfile => direct::sendfile(job),
            Splice => direct::splice(job),
            Piped => piped::run(job),
            Taste => buffered::taste(job),
            Buffered => buffered::run(job),
        }
    }

    /// No second try in this copy. Where sendfile(2) cannot read the input or write the output,
    /// splice(2) cannot either.
    fn refused(self, job: &mut Job<'_>, errno: Errno) {
        match self {
            Sendfile if errno == Errno::INVAL && job.input.is_file() => {
                job.give_up(ZS_VIA_SENDFILE | ZS_VIA_SPLICE)
            }
            _ => job.give_up(self.via()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 6] =
        [Kind::File, Kind::Block, Kind::Char, Kind::Pipe, Kind::Socket, Kind::Other];

    #[test]
    fn every_pair_has_read_and_write_to_end_with() {
        for from in KINDS {
            for to in KINDS {
                assert!(rungs(from, to, false).contains(&Buffered));
                assert!(rungs(from, to, true).contains(&Buffered));
            }
        }
    }

    #[test]
    fn copy_file_range_is_for_two_files_only() {
        for from in KINDS {
            for to in KINDS {
                let files = from == Kind::File && to == Kind::File;
                assert_eq!(rungs(from, to, false).contains(&CopyRange), files);
            }
        }
    }

    #[test]
    fn no_pipe_of_ours_stands_beside_one_of_the_callers() {
        for kind in KINDS {
            assert!(!rungs(Kind::Pipe, kind, false).contains(&Piped));
            assert!(!rungs(kind, Kind::Pipe, false).contains(&Piped));
        }
    }
}
