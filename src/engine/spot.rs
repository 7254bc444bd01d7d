//! One side of a copy.

use super::port::{Kind, Port};
use crate::errno::Result;
use crate::sys::{self, End, Poll, Stat};
use core::ffi::c_int;

/// A side of the copy in progress.
pub(in crate::engine) struct Spot {
    pub(in crate::engine) fd: c_int,
    pub(in crate::engine) kind: Kind,
    pub(in crate::engine) stat: Stat,
    /// Where it is read or written next; None: at its own position.
    pub(in crate::engine) offset: Option<i64>,
    /// Whether the caller gave an offset, so that the position has to stay.
    given: bool,
    /// Where the position is, while an offset of ours stands in for it.
    position: i64,
    /// Whether the descriptor's own position is not to be used meanwhile.
    is_kept: bool,
    /// O_NONBLOCK and the like; of files unknown, since hardly anybody asks.
    flags: c_int,
}

impl Spot {
    pub(in crate::engine) fn new(end: End<'_>) -> Result<Spot> {
        let stat = sys::fstat(end.fd)?;
        let kind = Kind::of(stat.kind);
        let flags = match kind {
            Kind::File | Kind::Block => 0,
            _ => sys::status_flags(end.fd)?,
        };
        let (fd, offset) = (end.fd, end.offset());
        let given = offset.is_some();
        Ok(Spot { fd, kind, stat, offset, given, position: 0, is_kept: false, flags })
    }

    /// What can be read again at the same place, and written anywhere.
    pub(in crate::engine) const fn is_file(&self) -> bool {
        self.kind.is_file()
    }

    /// What may have to be waited for, and whose reader may be gone.
    pub(in crate::engine) const fn is_stream(&self) -> bool {
        !self.is_file()
    }

    /// O_NONBLOCK, O_APPEND and the like.
    pub(in crate::engine) fn status_flags(&self) -> Result<c_int> {
        if self.is_stream() {
            Ok(self.flags)
        } else {
            sys::status_flags(self.fd)
        }
    }

    /// A pipe that keeps what is written at once together (O_DIRECT, pipe(2)): what comes by splice(2) or
    /// tee(2) beside that is no packet, and a read that ends within one loses the rest.
    pub(in crate::engine) const fn is_packet_pipe(&self) -> bool {
        matches!(self.kind, Kind::Pipe) && self.flags & libc::O_DIRECT != 0
    }

    /// What the kernel waits for where it is not ready. (SPLICE_F_NONBLOCK helps with pipes only.)
    pub(in crate::engine) const fn blocks(&self) -> bool {
        self.is_stream() && self.flags & libc::O_NONBLOCK == 0
    }

    /// Where it is read or written next.
    pub(in crate::engine) fn position(&self) -> i64 {
        self.offset.or_else(|| sys::lseek(self.fd, 0, libc::SEEK_CUR).ok()).unwrap_or(0)
    }

    /// Goes over from the descriptor's own position to an offset of ours.
    pub(in crate::engine) fn pin(&mut self) -> Result<i64> {
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
    pub(in crate::engine) fn keep(&mut self) {
        self.is_kept = true;
        self.disturb();
    }

    /// Goes back to the descriptor's own position.
    pub(in crate::engine) fn unpin(&mut self) -> Result<()> {
        if self.is_kept {
            return Ok(());
        }
        self.settle()?;
        if self.is_pinned() {
            self.offset = None;
        }
        Ok(())
    }

    /// Moves the position to the end, and tells whether the copy has come to there; None: it has to stay
    /// where it is.
    pub(in crate::engine) fn seek_to_end(&mut self) -> Option<bool> {
        if !self.is_pinned() {
            return None;
        }
        self.position = sys::lseek(self.fd, 0, libc::SEEK_END).ok()?;
        Some(self.offset == Some(self.position))
    }

    /// The position has been moved elsewhere, meanwhile.
    pub(in crate::engine) fn disturb(&mut self) {
        const NOWHERE: i64 = -1;
        self.position = NOWHERE;
    }

    /// Leaves the position of the descriptor where the copy has come to.
    pub(in crate::engine) fn settle(&mut self) -> Result<()> {
        match self.offset {
            Some(offset) if self.is_pinned() && offset != self.position => {
                self.position = sys::lseek(self.fd, offset, libc::SEEK_SET)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an offset is ours to move, rather than the caller's.
    pub(in crate::engine) const fn is_pinned(&self) -> bool {
        !self.given && self.offset.is_some()
    }

    pub(in crate::engine) const fn is_given(&self) -> bool {
        self.given
    }

    /// After `count` bytes.
    pub(in crate::engine) fn advance(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_add(count));
    }

    pub(in crate::engine) fn go_back(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_sub(count));
    }

    /// What a call is given that may move `offset` on.
    pub(in crate::engine) fn end<'a>(&self, offset: &'a mut Option<i64>) -> End<'a> {
        End::at(self.fd, offset.as_mut())
    }

    pub(in crate::engine) const fn port(&self) -> Port {
        Port { fd: self.fd, kind: self.kind, blocks: self.blocks() }
    }

    pub(in crate::engine) const fn readable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(in crate::engine) const fn writable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }
}
