//! One side of a copy.

use crate::errno::Result;
use crate::sys::{self, End, Poll, Stat};
use core::ffi::c_int;

/// What is at a descriptor, as far as mechanisms care.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Kind {
    File,
    Block,
    Char,
    Pipe,
    Socket,
    Other,
}

/// A side of the copy in progress.
pub(super) struct Spot {
    pub(super) fd: c_int,
    pub(super) kind: Kind,
    pub(super) stat: Stat,
    /// Where it is read or written next; None: at its own position.
    pub(super) offset: Option<i64>,
    /// Whether the caller gave an offset, so that the position has to stay.
    given: bool,
    /// Where the position is, while an offset of ours stands in for it.
    position: i64,
    /// O_NONBLOCK and the like; of files unknown, since hardly anybody asks.
    flags: c_int,
}

impl Spot {
    pub(super) fn new(end: End<'_>) -> Result<Spot> {
        let stat = sys::fstat(end.fd)?;
        let kind = match stat.kind {
            libc::S_IFREG => Kind::File,
            libc::S_IFBLK => Kind::Block,
            libc::S_IFCHR => Kind::Char,
            libc::S_IFIFO => Kind::Pipe,
            libc::S_IFSOCK => Kind::Socket,
            _ => Kind::Other,
        };
        let flags = match kind {
            Kind::File | Kind::Block => 0,
            _ => sys::status_flags(end.fd)?,
        };
        let (fd, offset) = (end.fd, end.offset());
        Ok(Spot { fd, kind, stat, offset, given: offset.is_some(), position: 0, flags })
    }

    /// What can be read again at the same place, and written anywhere.
    pub(super) const fn is_file(&self) -> bool {
        matches!(self.kind, Kind::File | Kind::Block)
    }

    /// What may have to be waited for, and whose reader may be gone.
    pub(super) const fn is_stream(&self) -> bool {
        !self.is_file()
    }

    /// O_NONBLOCK, O_APPEND and the like.
    pub(super) fn status_flags(&self) -> Result<c_int> {
        if self.is_stream() {
            Ok(self.flags)
        } else {
            sys::status_flags(self.fd)
        }
    }

    /// What the kernel waits for where it is not ready. (SPLICE_F_NONBLOCK helps with pipes only.)
    pub(super) const fn blocks(&self) -> bool {
        self.is_stream() && self.flags & libc::O_NONBLOCK == 0
    }

    /// Goes over from the descriptor's own position to an offset of ours.
    pub(super) fn pin(&mut self) -> Result<i64> {
        match self.offset {
            Some(offset) => Ok(offset),
            None => {
                self.position = sys::lseek(self.fd, 0, libc::SEEK_CUR)?;
                self.offset = Some(self.position);
                Ok(self.position)
            }
        }
    }

    /// Goes back to the descriptor's own position.
    pub(super) fn unpin(&mut self) -> Result<()> {
        self.settle()?;
        if self.is_pinned() {
            self.offset = None;
        }
        Ok(())
    }

    /// The position has been moved elsewhere, meanwhile.
    pub(super) fn disturb(&mut self) {
        const NOWHERE: i64 = -1;
        self.position = NOWHERE;
    }

    /// Leaves the position of the descriptor where the copy has come to.
    pub(super) fn settle(&mut self) -> Result<()> {
        match self.offset {
            Some(offset) if self.is_pinned() && offset != self.position => {
                self.position = sys::lseek(self.fd, offset, libc::SEEK_SET)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether an offset is ours to move, rather than the caller's.
    pub(super) const fn is_pinned(&self) -> bool {
        !self.given && self.offset.is_some()
    }

    pub(super) const fn is_given(&self) -> bool {
        self.given
    }

    /// After `count` bytes.
    pub(super) fn advance(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_add(count));
    }

    pub(super) fn go_back(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_sub(count));
    }

    /// What a call is given that may move `offset` on.
    pub(super) fn end<'a>(&self, offset: &'a mut Option<i64>) -> End<'a> {
        End::at(self.fd, offset.as_mut())
    }

    /// What an output that poll(2) calls writable takes without blocking. A socket is called so with
    /// a third of its send buffer free, a pipe with one page, a terminal with any room at all: that
    /// comes in pieces of 256 bytes (tty_buffer_alloc), and a tab may take eight of them. Other devices do not block.
    pub(super) fn room(&self) -> usize {
        const TERMINAL: usize = 32;
        match self.kind {
            Kind::Socket => {
                let buffer = sys::getsockopt_int(self.fd, libc::SO_SNDBUF).unwrap_or(0);
                usize::try_from(buffer).unwrap_or(0).wrapping_div(4).max(1)
            }
            Kind::Pipe => libc::PIPE_BUF,
            Kind::Char if sys::isatty(self.fd) => TERMINAL,
            _ => usize::MAX,
        }
    }

    pub(super) const fn readable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(super) const fn writable(&self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }
}
