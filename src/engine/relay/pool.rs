// SPDX-License-Identifier: MIT OR Apache-2.0

//! Pipes that relays borrow while bytes are in flight.

use crate::engine::shared::tuning;
use crate::mem::alloc::{FixedVec, Rc};
use crate::mem::buffer::Buffer;
use crate::mem::pipe::Pipe;
use core::cell::Cell;
use core::ffi::c_int;

/// Idle pipes, and a buffer for the relay that runs.
pub(crate) struct Pool {
    idle: FixedVec<Cell<Option<Pipe>>>,
    count: Cell<usize>,
    /// Pipes that relays have borrowed.
    lent: Cell<usize>,
    /// The most that may be lent at once.
    limit: Cell<usize>,
    pipe_factory: PipeFactory,
    buffer: Cell<Option<Buffer>>,
}

/// Makes pipes. After a failure (EMFILE, a used-up quota: docs/kernel.md, "The quota for pipes") it
/// tries again only now and then: a try is five system calls.
pub(super) struct PipeFactory {
    size: c_int,
    /// Requests to refuse before the next attempt.
    skip: Cell<u32>,
}

impl Pool {
    /// A pool that keeps at most `pipes` idle pipes of `size` bytes (0: the default). None: there is no
    /// memory.
    pub(crate) fn new(pipes: usize, size: usize) -> Option<Rc<Pool>> {
        let idle = FixedVec::new(pipes.min(tuning::POOL_MAX), |_| Cell::new(None))?;
        let pipe_factory = PipeFactory::new(size);
        Rc::new(Pool {
            idle,
            count: Cell::new(0),
            lent: Cell::new(0),
            limit: Cell::new(usize::MAX),
            pipe_factory,
            buffer: Cell::new(None),
        })
    }

    /// Lets at most `pipes` be lent at once; 0: any number. Those that are lent already stay so.
    pub(crate) fn set_limit(&self, pipes: usize) {
        self.limit.set(if pipes == 0 { usize::MAX } else { pipes });
    }

    /// The most bytes that a relay holds in its pipe.
    pub(super) const fn capacity(&self) -> usize {
        self.pipe_factory.capacity()
    }

    /// Lends a pipe, an idle one or a new one. None: the limit is reached, or no pipe can be made
    /// that is large enough to be worth it.
    pub(super) fn take(&self) -> Option<Pipe> {
        if self.lent.get() >= self.limit.get() {
            return None;
        }
        let pipe = self.take_idle().or_else(|| self.pipe_factory.make())?;
        self.lent.set(self.lent.get().saturating_add(1));
        Some(pipe)
    }

    fn take_idle(&self) -> Option<Pipe> {
        let last = self.count.get().checked_sub(1);
        let pipe = self.idle.get(last?)?.take()?;
        self.count.set(last?);
        Some(pipe)
    }

    /// Takes back a pipe that was lent and holds bytes: it is closed.
    pub(super) fn put_used(&self, pipe: Pipe) {
        self.lent.set(self.lent.get().saturating_sub(1));
        drop(pipe);
    }

    /// Takes back an empty pipe that was lent; keeps it, or closes it.
    pub(super) fn put(&self, pipe: Pipe) {
        self.lent.set(self.lent.get().saturating_sub(1));
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

impl PipeFactory {
    /// A factory for pipes of `size` bytes (0: the default).
    pub(super) fn new(size: usize) -> PipeFactory {
        // F_SETPIPE_SZ takes an int.
        let size = match c_int::try_from(size) {
            Ok(0) | Err(_) => tuning::PIPE,
            Ok(size) => size,
        };
        PipeFactory { size, skip: Cell::new(0) }
    }

    /// The size of its pipes.
    pub(super) const fn capacity(&self) -> usize {
        self.size as usize
    }

    pub(super) fn make(&self) -> Option<Pipe> {
        if let Some(skip) = self.skip.get().checked_sub(1) {
            self.skip.set(skip);
            return None;
        }
        let size = self.size as usize;
        let pipe = Pipe::of_at_least(size.min(tuning::WORTH_A_PIPE), size);
        if pipe.is_none() {
            self.skip.set(tuning::PIPE_BACKOFF);
        }
        pipe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pool {
        /// The same state, for the model.
        pub(in crate::engine) fn fork(&self) -> Rc<Pool> {
            let idle = self.idle.iter().map(|place| {
                let pipe = place.take();
                let fork = pipe.as_ref().map(Pipe::fork);
                place.set(pipe);
                fork
            });
            let mut idle: std::vec::Vec<_> = idle.collect();
            let buffer = self.buffer.take();
            let fork = buffer.as_ref().and_then(|buffer| Buffer::for_reads(buffer.len()));
            self.buffer.set(buffer);
            Rc::new(Pool {
                idle: FixedVec::new(idle.len(), |at| Cell::new(idle[at].take())).unwrap(),
                count: self.count.clone(),
                lent: self.lent.clone(),
                limit: self.limit.clone(),
                pipe_factory: self.pipe_factory.fork(),
                buffer: Cell::new(fork),
            })
            .unwrap()
        }

        /// What tells this state from others.
        pub(in crate::engine) fn key(&self, key: &mut std::vec::Vec<u8>) {
            key.extend([self.count.get() as u8, self.lent.get() as u8]);
            // After a failure no more pipes are made: until the next attempt, which fails, too.
            key.push(u8::from(self.pipe_factory.skip.get() > 0));
        }

        pub(in crate::engine) fn idle(&self) -> usize {
            self.count.get()
        }
    }

    impl PipeFactory {
        pub(in crate::engine::relay) fn fork(&self) -> PipeFactory {
            PipeFactory { size: self.size, skip: self.skip.clone() }
        }
    }
}
