// SPDX-License-Identifier: MIT OR Apache-2.0

//! An endpoint, its stat, and where in it the transfer is.

use super::endpoint::{Endpoint, FdKind};
use super::outcome::Progress;
use crate::errno::Result;
use crate::sys::{self, FdAt, Stat};
use core::cell::Cell;
use core::ffi::c_int;
use core::ops::Deref;

/// One side of a transfer: the endpoint (to which it dereferences), and the offset.
pub(crate) struct Cursor {
    endpoint: Endpoint,
    /// The result of fstat(2) at the beginning.
    pub(crate) stat: Stat,
    /// The offset of the next read or write; None: the file position is used.
    pub(crate) offset: Option<i64>,
    /// Whether the caller passed an offset, so that the file position must not move.
    given: bool,
    /// How far the transfer is while the file position is used: from the position that
    /// `find_position` found, or from 0.
    reached: i64,
    /// The file position, while `offset` is used instead of it.
    position: i64,
    /// Whether `use_position` has no effect: the other side moves the same file position.
    is_kept: bool,
    /// The status flags (O_NONBLOCK, O_APPEND). Of a file: None until they have been queried.
    flags: Cell<Option<c_int>>,
}

impl Deref for Cursor {
    type Target = Endpoint;

    fn deref(&self) -> &Endpoint {
        &self.endpoint
    }
}

impl Cursor {
    /// One side of a transfer, of which nothing is known before `look`. (Returned as it is, it need not be
    /// moved.)
    pub(crate) fn new(side: FdAt<'_>) -> Cursor {
        let offset = side.offset();
        Cursor {
            endpoint: Endpoint::new(side.fd, FdKind::Other, true),
            stat: Stat::default(),
            offset,
            given: offset.is_some(),
            reached: 0,
            position: 0,
            is_kept: false,
            flags: Cell::new(None),
        }
    }

    /// Finds out what the descriptor is.
    pub(crate) fn look(&mut self) -> Result<()> {
        self.stat = sys::fstat(self.fd)?;
        let kind = FdKind::of(self.stat.kind);
        self.endpoint.kind = kind;
        if kind.is_file() {
            self.endpoint.blocks = false;
        } else {
            // If fcntl(2) is refused (a sandbox) a stream is taken for blocking.
            let flags = sys::status_flags(self.fd).ok();
            self.endpoint.blocks = flags.is_none_or(|flags| flags & libc::O_NONBLOCK == 0);
            self.flags.set(flags);
        }
        Ok(())
    }

    /// Endpoint::learn_family.
    pub(crate) fn learn_family(&mut self) {
        self.endpoint.learn_family();
    }

    /// Endpoint::learn_readiness.
    pub(crate) fn learn_readiness(&mut self) {
        self.endpoint.learn_readiness();
    }

    /// The status flags: O_NONBLOCK, O_APPEND and the like.
    pub(crate) fn status_flags(&self) -> Result<c_int> {
        let flags = self.flags.get().map_or_else(|| sys::status_flags(self.fd), Ok)?;
        self.flags.set(Some(flags));
        Ok(flags)
    }

    /// A pipe in packet mode (O_DIRECT, pipe(2)): bytes that arrive by splice(2) or tee(2) are no
    /// packets, and a read that ends inside a packet loses the rest of it (docs/kernel.md, "Packets
    /// in pipes").
    pub(crate) fn is_packet_pipe(&self) -> bool {
        let flags = self.flags.get().unwrap_or(0);
        self.kind == FdKind::Pipe && flags & libc::O_DIRECT != 0
    }

    /// The offset of the next read or write.
    pub(crate) fn position(&self) -> i64 {
        self.offset.or_else(|| sys::lseek(self.fd, 0, libc::SEEK_CUR).ok()).unwrap_or(0)
    }

    /// Finds out the file position and, of a disk, the size, so that `remaining_by_size` is exact.
    pub(crate) fn find_position(&mut self) {
        if self.offset.is_none() {
            self.reached = sys::lseek(self.fd, 0, libc::SEEK_CUR).unwrap_or(0);
        }
        if self.kind == FdKind::Block {
            self.stat.size = sys::blkgetsize64(self.fd).unwrap_or(0);
        }
    }

    /// Bytes up to the size that fstat(2) reported; None: there is no size.
    pub(crate) fn remaining_by_size(&self) -> Option<u64> {
        let has_size =
            self.kind == FdKind::File || self.kind == FdKind::Block && self.stat.size > 0;
        let left = self.stat.size.saturating_sub(self.offset.unwrap_or(self.reached));
        has_size.then_some(left.max(0) as u64)
    }

    /// Bytes up to the largest offset.
    pub(crate) fn remaining_by_offset(&self) -> u64 {
        i64::MAX.saturating_sub(self.offset.unwrap_or(self.reached)) as u64
    }

    /// Switches from the file position to an offset of our own.
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

    /// Keeps the offset of our own until the end: the other side moves the same file position.
    pub(crate) fn keep_offset(&mut self) {
        self.is_kept = true;
        self.forget_position();
    }

    /// Switches back to the file position.
    pub(crate) fn use_position(&mut self) -> Result<()> {
        if self.is_kept {
            return Ok(());
        }
        self.store_position()?;
        if self.has_own_offset() {
            self.reached = self.offset.take().unwrap_or(0);
        }
        Ok(())
    }

    /// Seeks to the end and returns whether the copy has got there. None: the position must not
    /// move.
    pub(crate) fn seek_to_end(&mut self) -> Option<bool> {
        if !self.has_own_offset() {
            return None;
        }
        self.position = sys::lseek(self.fd, 0, libc::SEEK_END).ok()?;
        Some(self.offset == Some(self.position))
    }

    /// Notes that a call has moved the file position elsewhere.
    pub(crate) fn forget_position(&mut self) {
        const UNKNOWN: i64 = -1;
        self.position = UNKNOWN;
    }

    /// Moves the file position to the offset, for a call that uses the position, unless the caller passed
    /// the offset. Returns whether it is there.
    pub(crate) fn seek_to_offset(&mut self) -> bool {
        let Some(offset) = self.offset.filter(|_| self.has_own_offset()) else { return false };
        self.forget_position();
        sys::lseek(self.fd, offset, libc::SEEK_SET).is_ok()
    }

    /// Sets the file position to where the transfer is, unless the caller passed an offset.
    pub(crate) fn store_position(&mut self) -> Result<()> {
        match self.offset {
            Some(offset) if self.has_own_offset() && offset != self.position => {
                self.position = sys::lseek(self.fd, offset, libc::SEEK_SET)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Advances the caller's offset, if there is one.
    pub(crate) fn store_offset(&self, theirs: FdAt<'_>) {
        if let Some(offset) = self.offset {
            theirs.set_offset(offset);
        }
    }

    /// Whether `offset` is used instead of the file position.
    pub(crate) fn has_own_offset(&self) -> bool {
        !self.given && self.offset.is_some()
    }

    /// Whether the caller passed the offset.
    pub(crate) fn has_caller_offset(&self) -> bool {
        self.given
    }

    /// Moves the offset forward by `count` bytes.
    pub(crate) fn advance(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match &mut self.offset {
            Some(offset) => *offset = offset.saturating_add(count),
            None => self.reached = self.reached.saturating_add(count),
        }
    }

    /// Moves the offset back by `count` bytes.
    pub(crate) fn go_back(&mut self, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.offset = self.offset.map(|offset| offset.saturating_sub(count));
    }

    /// Gives back `count` bytes that were read and not delivered, or counts them as undelivered. A file can be
    /// read again. Returns whether they are back.
    pub(crate) fn put_back(&self, count: u64, so_far: &mut Progress) -> bool {
        let is_back = match self.offset {
            _ if !self.kind.is_file() => false,
            Some(_) => true,
            None => {
                let back = i64::try_from(count).unwrap_or(0).saturating_neg();
                sys::lseek(self.fd, back, libc::SEEK_CUR).is_ok()
            }
        };
        if !is_back {
            so_far.in_flight = so_far.in_flight.saturating_add(count);
        }
        is_back
    }

    /// The descriptor at `offset`, a copy of ours that a call may advance.
    pub(crate) fn at<'a>(&self, offset: &'a mut Option<i64>) -> FdAt<'a> {
        FdAt::at(self.fd, offset.as_mut())
    }
}
