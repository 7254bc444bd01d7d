//! One side of a copy.

use super::endpoint::{Endpoint, FdKind};
use crate::errno::Result;
use crate::sys::{self, FdAt, Poll, Stat};
use core::ffi::c_int;

/// A side of the copy in progress.
pub(crate) struct Cursor {
    pub(crate) fd: c_int,
    pub(crate) kind: FdKind,
    pub(crate) stat: Stat,
    /// Where it is read or written next; None: at its own position.
    pub(crate) offset: Option<i64>,
    /// Whether the caller gave an offset, so that the position has to stay.
    given: bool,
    /// Where the position is, while an offset of ours stands in for it.
    position: i64,
    /// Whether the descriptor's own position is not to be used meanwhile.
    is_kept: bool,
    /// O_NONBLOCK and the like; of files unknown, since hardly anybody asks.
    flags: c_int,
}

impl Cursor {
    pub(crate) fn new(end: FdAt<'_>) -> Result<Cursor> {
        let stat = sys::fstat(end.fd)?;
        let kind = FdKind::of(stat.kind);
        let flags = match kind {
            FdKind::File | FdKind::Block => 0,
            _ => sys::status_flags(end.fd)?,
        };
        let (fd, offset) = (end.fd, end.offset());
        let given = offset.is_some();
        Ok(Cursor { fd, kind, stat, offset, given, position: 0, is_kept: false, flags })
    }

    /// What can be read again at the same place, and written anywhere.
    pub(crate) const fn is_file(&self) -> bool {
        self.kind.is_file()
    }

    /// What may have to be waited for, and whose reader may be gone.
    pub(crate) const fn is_stream(&self) -> bool {
        !self.is_file()
    }

    /// O_NONBLOCK, O_APPEND and the like.
    pub(crate) fn status_flags(&self) -> Result<c_int> {
        if self.is_stream() {
            Ok(self.flags)
        } else {
            sys::status_flags(self.fd)
        }
    }

    /// A pipe that keeps what is written at once together (O_DIRECT, pipe(2)): what comes by splice(2) or
    /// tee(2) beside that is no packet, and a read that ends within one loses the rest.
    pub(crate) const fn is_packet_pipe(&self) -> bool {
        matches!(self.kind, FdKind::Pipe) && self.flags & libc::O_DIRECT != 0
    }

    /// What the kernel waits for where it is not ready. (SPLICE_F_NONBLOCK helps with pipes only.)
    pub(crate) const fn blocks(&self) -> bool {
        self.is_stream() && self.flags & libc::O_NONBLOCK == 0
    }

    /// Where it is read or written next.
    pub(crate) fn position(&self) -> i64 {
        self.offset.or_else(|| sys::lseek(self.fd, 0, libc::SEEK_CUR).ok()).unwrap_or(0)
    }

    /// Goes over from the descriptor's own position to an offset of ours.
    pub(crate) fn use_offset(&mut self) -> Result<i64> {
        match self.offset {
            Some(offset) => Ok(offset),
            None => {
                self.position = sys::lseek(self.fd, 0, libc::SEEK_CUR)?;
                self.offset = Some(self.position);
                Ok(self.position)
            }
        }
    }

    /// Likewise, until the end: the position is one that the other side moves, too.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
        self.forget_position();
    }

    /// Goes back to the descriptor's own position.
    pub(crate) fn use_position(&mut self) -> Result<()> {
        if self.is_kept {
            return Ok(());
        }
        self.store_position()?;
        if self.has_own_offset() {
            self.offset = None;
        }
        Ok(())
    }

    /// Moves the position to the end, and tells whether the copy has come to there; None: it has to stay
    /// where it is.
    pub(crate) fn seek_to_end(&mut self) -> Option<bool> {
        if !self.has_own_offset() {
            return None;
        }
        self.position = sys::lseek(self.fd, 0, libc::SEEK_END).ok()?;
        Some(self.offset == Some(self.position))
    }

    /// The position has been moved elsewhere, meanwhile.
    pub(crate) fn forget_position(&mut self) {
        const NOWHERE: i64 = -1;
        self.position = NOWHERE;
    }

    /// Leaves the position of the descriptor where the copy has come to.
    pub(crate) fn store_position(&mut self) -> Result<()> {
        match self.offset {
            Some(offset) if self.has_own_offset() && offset != self.position => {
                self.position = sys::lseek(self.fd, offset, libc::SEEK_SET)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an offset is ours to move, rather than the caller's.
    pub(crate) const fn has_own_offset(&self) -> bool {
        !self.given && self.offset.is_some()
    }

    pub(crate) const fn has_caller_offset(&self) -> bool {
        self.given
    }

    /// After `count` bytes.
    pub(crate) fn advance(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_add(count));
    }

    pub(crate) fn go_back(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_sub(count));
    }

    /// What a call is given that may move `offset` on.
    pub(crate) fn end<'a>(&self, offset: &'a mut Option<i64>) -> FdAt<'a> {
        FdAt::at(self.fd, offset.as_mut())
    }

    pub(crate) const fn port(&self) -> Endpoint {
        Endpoint { fd: self.fd, kind: self.kind, blocks: self.blocks() }
    }

    pub(crate) const fn readable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(crate) const fn writable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }
}
