//! Pipes that relays share while they are idle.

use crate::buffer::Buffer;
use crate::heap::{List, Shared};
use crate::pipe::Pipe;
use core::cell::Cell;

/// What a pipe holds that the caller has no wish for.
const PIPE: u32 = 1 << 20;
/// Less is slower than a buffer: the quota of an ordinary user has been spent (pipe(7)).
const SMALLEST: usize = 64 << 10;
/// More idle pipes than this nobody has descriptors for.
const MOST: usize = 1 << 16;

/// Idle pipes, and a buffer for whoever runs.
pub(crate) struct Pool {
    idle: List<Cell<Option<Pipe>>>,
    count: Cell<usize>,
    maker: Maker,
    buffer: Cell<Option<Buffer>>,
}

/// Makes pipes for as long as they are to be had, and asks only now and then once they are not (EMFILE,
/// a spent quota): a try is five system calls.
pub(super) struct Maker {
    size: u32,
    /// How many are to do without until the next try.
    rests: Cell<u32>,
}

impl Pool {
    /// One that keeps at most `pipes` pipes of `size` bytes (0: the size that is best). None: there is
    /// no memory.
    pub(crate) fn new(pipes: usize, size: usize) -> Option<Shared<Pool>> {
        let idle = List::new(pipes.min(MOST), |_| Cell::new(None))?;
        let maker = Maker::new(size);
        Shared::new(Pool { idle, count: Cell::new(0), maker, buffer: Cell::new(None) })
    }

    /// An idle pipe, or a new one. None: there is none to be had that is worth it.
    pub(super) fn take(&self) -> Option<Pipe> {
        let last = self.count.get().checked_sub(1);
        if let Some(pipe) = last.and_then(|last| self.idle.get(last)?.take()) {
            self.count.set(last.unwrap_or(0));
            return Some(pipe);
        }
        self.maker.make()
    }

    /// Keeps an empty pipe, or closes it.
    pub(super) fn put(&self, pipe: Pipe) {
        if let Some(place) = self.idle.get(self.count.get()) {
            place.set(Some(pipe));
            self.count.set(self.count.get().saturating_add(1));
        }
    }

    pub(super) fn take_buffer(&self, len: usize) -> Option<Buffer> {
        self.buffer.take().or_else(|| Buffer::new(len))
    }

    pub(super) fn put_buffer(&self, buffer: Buffer) {
        self.buffer.set(Some(buffer));
    }
}

impl Maker {
    /// Of pipes with `size` bytes (0: the size that is best).
    pub(super) fn new(size: usize) -> Maker {
        let size = if size == 0 { PIPE } else { u32::try_from(size).unwrap_or(u32::MAX) };
        Maker { size, rests: Cell::new(0) }
    }

    pub(super) fn make(&self) -> Option<Pipe> {
        const REST: u32 = 64;
        if let Some(rests) = self.rests.get().checked_sub(1) {
            self.rests.set(rests);
            return None;
        }
        let size = self.size as usize;
        let pipe = Pipe::new(size).ok().filter(|pipe| pipe.size() >= size.min(SMALLEST));
        if pipe.is_none() {
            self.rests.set(REST);
        }
        pipe
    }
}
