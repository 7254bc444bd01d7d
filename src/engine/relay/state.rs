// SPDX-License-Identifier: MIT OR Apache-2.0

//! A relay, the states of its two sides, and its book-keeping.

use super::in_flight::InFlight;
use super::pool::Pool;
use super::shared_errors::SharedErrors;
use crate::constants::*;
use crate::engine::shared::endpoint::{Endpoint, FdKind};
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::options::avoided_by_environment;
use crate::engine::shared::outcome::{Error, Progress, Side};
use crate::engine::shared::tuning::SMALL_PIECE;
use crate::errno::{Class, Errno, Result};
use crate::mem::alloc::Rc;
use crate::sys::{self, FdAt};
use core::ffi::c_int;

const KNOWN: u32 = ZS_NOSIGPIPE | ZS_STABLE | ZS_RELAY_SHUTDOWN | ZS_RELAY_LEVEL;
/// Kept beside the caller's flags: the relay is a direction of a duplex, where an end is an end also if
/// the output has no reader any more.
const IN_DUPLEX: u32 = 0x8000_0000;
/// Kept beside the caller's flags, too: splice(2) is neither avoided nor refused, so that it may cut a packet
/// (ZS_STABLE may still forbid it for all else).
pub(super) const MAY_SPLICE: u32 = 0x4000_0000;
/// And: it is the direction from b to a.
const BACK: u32 = 0x2000_0000;
/// And what a duplex knows before a run (`Relay::expect`): recv(2) that comes back short has drained the
/// input.
const TRUSTS_SHORT_READS: u32 = 0x1000_0000;
/// The output has not taken what is in flight, and nothing says that it would now.
const OUTPUT_IS_FULL: u32 = 0x0800_0000;

/// Bytes on their way from one descriptor to another.
///
/// The order matters: what small messages need (`pass_small_messages`) shares one cache line. With
/// thousands of relays, cache misses are where the time goes.
#[repr(C)]
pub(crate) struct Relay {
    pub(super) input: Endpoint,
    pub(super) output: Endpoint,
    pub(super) reading: Reading,
    pub(super) writing: Writing,
    pub(super) path: Path,
    /// splice(2) has taken nothing although bytes were there.
    pub(super) declined: bool,
    pub(super) flags: u32,
    via: u32,
    /// Bytes that may still be taken from the input.
    pub(super) remaining: u64,
    /// Bytes delivered through the buffer.
    copied: u64,
    /// The error that has ended the relay.
    pub(super) failed: Option<Error>,
    pub(super) in_flight: InFlight,
    /// Bytes delivered by splice(2).
    spliced: u64,
    pub(super) shared_errors: SharedErrors,
    /// The error the input ended with (`Reading::Failed`).
    pub(super) input_error: Option<Errno>,
    /// Why splice(2) has been given up; `Errno::NONE` while it has not refused.
    refusal: Errno,
}

/// What a duplex knows of the ends of a direction before it runs it.
#[derive(Clone, Copy, Default)]
pub(in crate::engine) struct Known {
    /// recv(2) that comes back short has drained the input: what comes later is reported by an event.
    pub(in crate::engine) trusts_short_reads: bool,
    /// The input was drained, and no event has been reported since.
    pub(in crate::engine) input_is_empty: bool,
    /// The output would block, and no event has been reported since.
    pub(in crate::engine) output_is_full: bool,
}

/// What is known of the input.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reading {
    /// More may come.
    Open,
    /// The last read was short, which counts as EAGAIN (`note_short`).
    Drained,
    /// The input has ended.
    Ended,
    /// The input has failed; reported once everything that came before is delivered.
    Failed,
}

/// What is known of the output.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Writing {
    /// Bytes may be written.
    Open,
    /// Everything is written, and the end of the input has been passed on if the caller wants that.
    ShutDown,
}

/// How bytes get from the input to the output.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Path {
    /// Through the buffer: the input comes in small pieces.
    Small,
    /// Through a pipe, by splice(2): the input comes in large pieces.
    Bulk,
    /// splice(2) does not work for this pair, or is avoided.
    BufferOnly,
    /// read(2) and write(2) are avoided.
    SpliceOnly,
    /// Neither is left.
    Closed,
}

impl Path {
    const fn new(is_bulk: bool, may_splice: bool, may_copy: bool) -> Path {
        match (may_splice, may_copy) {
            (true, true) if is_bulk => Path::Bulk,
            (true, true) => Path::Small,
            (true, false) => Path::SpliceOnly,
            (false, true) => Path::BufferOnly,
            (false, false) => Path::Closed,
        }
    }

    pub(super) const fn may_copy(self) -> bool {
        !matches!(self, Path::SpliceOnly | Path::Closed)
    }

    /// The path once splice(2) has turned out not to work.
    pub(super) const fn without_splice(self) -> Path {
        if self.may_copy() {
            Path::BufferOnly
        } else {
            Path::Closed
        }
    }

    /// The path after a piece of the input that was large, or not.
    pub(super) const fn after_piece(self, is_large: bool) -> Path {
        match self {
            Path::Small | Path::Bulk if is_large => Path::Bulk,
            Path::Small | Path::Bulk => Path::Small,
            other => other,
        }
    }
}

impl Relay {
    /// A relay for the caller's event loop.
    pub(crate) fn new(
        input: c_int,
        output: c_int,
        len: u64,
        pool: Option<Rc<Pool>>,
        flags: u32,
    ) -> Result<Relay> {
        if flags & !KNOWN != 0 {
            return Err(Errno::INVAL);
        }
        let ends = [Endpoint::input(input)?, Endpoint::output(output)?];
        Relay::check(&ends)?;
        Ok(Relay::between(ends, len, pool, flags, 0))
    }

    /// What a relay moves bytes between in the caller's event loop: EINVAL, EPROTOTYPE.
    pub(in crate::engine) fn check(ends: &[Endpoint]) -> Result<()> {
        // If fcntl(2) is refused (a sandbox) O_NONBLOCK is unknown. The descriptor is then taken
        // for blocking, and the relay does not wait for it either.
        if ends.iter().any(|end| end.blocks && sys::status_flags(end.fd).is_ok()) {
            return Err(Errno::INVAL);
        }
        if ends.iter().any(|end| end.kind == FdKind::Other) {
            return Err(Errno::PROTOTYPE);
        }
        Ok(())
    }

    /// A relay between two descriptors that may also be blocking.
    #[inline(never)]
    fn between(
        [input, output]: [Endpoint; 2],
        len: u64,
        pool: Option<Rc<Pool>>,
        flags: u32,
        avoid: u32,
    ) -> Relay {
        let avoid = avoid | avoided_by_environment();
        let is_allowed = avoid & ZS_VIA_SPLICE == 0;
        let is_bulk = input.kind.is_file() && len > SMALL_PIECE as u64;
        let may_splice = flags & ZS_STABLE == 0 && is_allowed;
        let may_copy = avoid & ZS_VIA_READ_WRITE == 0;
        Relay {
            input,
            output,
            reading: Reading::Open,
            writing: Writing::Open,
            path: Path::new(is_bulk, may_splice, may_copy),
            declined: false,
            flags: flags | if is_allowed { MAY_SPLICE } else { 0 },
            via: 0,
            remaining: len,
            copied: 0,
            failed: None,
            in_flight: InFlight::new(pool),
            spliced: 0,
            shared_errors: SharedErrors::default(),
            input_error: None,
            refusal: Errno::NONE,
        }
    }

    /// One direction of a duplex: until the input ends, which is passed on, between descriptors of any
    /// kind, which may also be blocking.
    pub(in crate::engine) fn in_duplex(
        ends: [Endpoint; 2],
        pool: Option<Rc<Pool>>,
        flags: u32,
        avoid: u32,
    ) -> Relay {
        Relay::between(ends, u64::MAX, pool, flags | ZS_RELAY_SHUTDOWN | IN_DUPLEX, avoid)
    }

    /// What the duplex knows before a run.
    pub(in crate::engine) fn expect(&mut self, known: Known) {
        let bit = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        self.flags = self.flags & !(TRUSTS_SHORT_READS | OUTPUT_IS_FULL)
            | bit(known.trusts_short_reads, TRUSTS_SHORT_READS)
            | bit(known.output_is_full, OUTPUT_IS_FULL);
        if self.is_open() {
            self.reading = if known.input_is_empty { Reading::Drained } else { Reading::Open };
        }
    }

    /// Its results are those of the direction from b to a.
    pub(in crate::engine) fn set_back(&mut self) {
        self.flags |= BACK;
    }

    /// Makes two directions of one connection share the errors that either meets; false: there is no memory
    /// for that, and each knows only its own.
    pub(crate) fn pair(a: &mut Relay, b: &mut Relay) -> bool {
        // A terminal that has hung up is EIO to its writer, but has ended for its reader.
        let is_one =
            |input: Endpoint, output| input.kind == FdKind::Socket && input.is_same(output);
        let (a_to_b, b_to_a) = (is_one(a.input, b.output), is_one(b.input, a.output));
        if !a_to_b && !b_to_a {
            return true;
        }
        let Some(shared) = SharedErrors::pair(a_to_b, b_to_a) else { return false };
        let known = [a.known_errors(), b.known_errors()];
        (a.shared_errors, b.shared_errors) = shared;
        for (relay, (input, output)) in [a, b].into_iter().zip(known) {
            input.into_iter().for_each(|errno| relay.shared_errors.note_input_error(errno));
            output.into_iter().for_each(|errno| relay.shared_errors.note_output_error(errno));
        }
        true
    }

    /// The errors of the input and of the output, as far as they are known.
    fn known_errors(&self) -> (Option<Errno>, Option<Errno>) {
        let failed =
            |side| self.failed.filter(|error| error.side == Some(side)).map(|error| error.errno);
        let input = self.shared_errors.input_error().or(self.input_error).or(failed(Side::In));
        (input, self.shared_errors.output_error().or(failed(Side::Out)))
    }

    pub(in crate::engine) const fn endpoints(&self) -> (Endpoint, Endpoint) {
        (self.input, self.output)
    }

    /// Lets `len` more bytes be taken.
    pub(crate) fn more(&mut self, len: u64) {
        self.remaining = self.remaining.saturating_add(len);
    }

    /// Lets no more be taken than makes `len` bytes with those in flight.
    pub(in crate::engine) fn limit(&mut self, len: u64) {
        self.remaining = len.saturating_sub(self.in_flight.len());
    }

    /// Queues bytes behind those already taken.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.in_flight.append(bytes)
    }

    /// Whether the input is known to have ended, and not to have failed.
    pub(crate) fn has_ended(&self) -> bool {
        self.reading == Reading::Ended
    }

    /// Hands back bytes that were taken and not delivered, oldest first.
    pub(crate) fn drain_to(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.in_flight.drain_to(into);
        self.in_flight.release_idle();
        count
    }

    /// The progress so far.
    #[inline(never)]
    pub(crate) fn result(&self) -> Progress {
        Progress {
            bytes: self.bytes(),
            in_flight: self.in_flight.len(),
            copied: self.copied,
            via: self.via,
            end: self.failed.map_or(Ok(()), Err),
            refused: if self.refusal == Errno::NONE { 0 } else { ZS_VIA_SPLICE },
            refusal: self.refusal,
            ..Progress::NONE.of(usize::from(self.flags & BACK != 0))
        }
    }

    /// Bytes delivered.
    pub(in crate::engine) const fn bytes(&self) -> u64 {
        self.spliced.saturating_add(self.copied)
    }

    /// Counts bytes as taken.
    pub(super) fn taken(&mut self, count: usize) {
        self.remaining = self.remaining.saturating_sub(count as u64);
    }

    /// Counts bytes as delivered.
    pub(super) fn delivered(&mut self, by: u32, count: usize) {
        let sum = if by == ZS_VIA_READ_WRITE { &mut self.copied } else { &mut self.spliced };
        *sum = sum.saturating_add(count as u64);
        self.via |= by;
    }

    /// Notes that splice(2) is given up, if that was a refusal and no failure of a side.
    #[cold]
    pub(super) fn note_refusal(&mut self, errno: Errno) {
        if self.refusal == Errno::NONE && errno.class() == Class::Unsupported {
            self.refusal = errno;
        }
    }

    /// Whether more may come.
    pub(in crate::engine) const fn is_open(&self) -> bool {
        matches!(self.reading, Reading::Open | Reading::Drained)
    }

    pub(super) const fn is_in_duplex(&self) -> bool {
        self.flags & IN_DUPLEX != 0
    }

    /// Whether a read might end inside a packet and lose the rest of it: the read end of a pipe
    /// does not show whether the pipe is in packet mode (O_DIRECT, pipe(2)). No packet is longer
    /// than PIPE_BUF.
    pub(super) fn may_cut_packet(&self) -> bool {
        self.input.kind == FdKind::Pipe
            && self.piece_len() < libc::PIPE_BUF
            && self.flags & MAY_SPLICE != 0
    }

    /// Whether a pipe of the caller's is on one side, so that splice(2) needs no private pipe. A terminal is read:
    /// splice(2) would find the pipe's reader gone before it sees that the terminal has ended.
    pub(super) fn is_beside_pipe(&self) -> bool {
        let reads = self.input.kind == FdKind::Char && self.path == Path::Small;
        !reads && (self.input.kind == FdKind::Pipe || self.output.kind == FdKind::Pipe)
    }

    /// The most that one read may take.
    pub(super) fn piece_len(&self) -> usize {
        let most = self.in_flight.room().min(SMALL_PIECE);
        usize::try_from(self.remaining).unwrap_or(most).min(most)
    }

    /// After a read that has taken `count` of the `len` bytes it could.
    pub(super) fn note_piece(&mut self, count: usize, len: usize) {
        self.taken(count);
        self.path = self.path.after_piece(count >= self.in_flight.room().min(SMALL_PIECE));
        self.note_short(count < len, ZS_RELAY_LEVEL | TRUSTS_SHORT_READS);
    }

    /// After a short splice(2) from the input, which may also have been short of slots in the pipe: only a
    /// level-triggered poller reports what is left.
    pub(super) fn note_short_splice(&mut self, is_short: bool) {
        self.note_short(is_short, ZS_RELAY_LEVEL);
    }

    /// A short read counts as EAGAIN with one of these flags (docs/kernel.md, "No further event follows a
    /// short read at the end", "A short recv(2) has drained a TCP socket").
    fn note_short(&mut self, is_short: bool, flags: u32) {
        let may_trust = self.flags & flags != 0 && !self.input.kind.is_file();
        self.reading = if is_short && may_trust { Reading::Drained } else { Reading::Open };
    }

    /// Whether the output has not taken what is in flight, as far as is known before a run.
    pub(super) const fn output_is_full(&self) -> bool {
        self.flags & OUTPUT_IS_FULL != 0
    }

    /// Whether the last read has drained the input; asked once.
    pub(super) fn was_drained(&mut self) -> bool {
        let drained = self.reading == Reading::Drained;
        if drained {
            self.reading = Reading::Open;
        }
        drained
    }

    /// After a 0 from the input. From a FIFO before its first writer it means nothing, and after a reset
    /// that the other direction has met it is no end.
    pub(super) fn input_ended(&mut self) -> Eof {
        if self.input.kind == FdKind::Pipe {
            match eof::after_zero(FdAt::own(self.input.fd)) {
                Ok(Eof::NotYet) => return Eof::NotYet,
                // A writer has come in the meantime.
                Ok(Eof::No) => return Eof::No,
                _ => {}
            }
        }
        match self.shared_errors.input_error() {
            None => self.reading = Reading::Ended,
            Some(errno) => self.set_input_error(errno),
        }
        Eof::Yes
    }

    /// After an error of the input. A terminal that has hung up has ended; one that refuses a program in
    /// the background has not.
    pub(super) fn input_failed(&mut self, errno: Errno) {
        let may_be_over = errno == Errno::IO && self.input.kind == FdKind::Char;
        if may_be_over && self.input.poll(libc::POLLHUP) & libc::POLLHUP != 0 {
            self.reading = Reading::Ended;
            return;
        }
        self.shared_errors.note_input_error(errno);
        self.set_input_error(errno);
    }

    fn set_input_error(&mut self, errno: Errno) {
        self.reading = Reading::Failed;
        self.input_error = Some(errno);
    }

    /// The error of an output that has failed. EPIPE may follow a reset that the other direction has
    /// met; `shared_errors` lies in another cache line, so it is asked only here.
    #[cold]
    pub(super) fn output_failed(&self, errno: Errno) -> Error {
        let errno = match errno {
            Errno::PIPE => self.shared_errors.output_error().unwrap_or(errno),
            errno => errno,
        };
        self.shared_errors.note_output_error(errno);
        Error::output(errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Relay {
        /// The same states, for the model: of two relays that are a pair, or of two that share nothing.
        pub(in crate::engine) fn fork(of: [&Relay; 2], pool: &Rc<Pool>) -> [Relay; 2] {
            let [first, second] = SharedErrors::fork(of.map(|relay| &relay.shared_errors));
            let fork = |of: &Relay, shared_errors| {
                let in_flight = of.in_flight.fork(Some(pool.share()));
                Relay { in_flight, shared_errors, ..*of }
            };
            [fork(of[0], first), fork(of[1], second)]
        }

        /// What tells this state from others; `byte` makes that independent of how many came before.
        pub(in crate::engine) fn key(&self, key: &mut std::vec::Vec<u8>, byte: impl Fn(u8) -> u8) {
            let Relay { reading, writing, path, .. } = *self;
            key.extend([reading as u8, writing as u8, path as u8, self.declined.into()]);
            key.push((self.flags >> 24) as u8 | u8::from(self.flags & MAY_SPLICE != 0));
            key.push(u8::try_from(self.remaining).unwrap_or(u8::MAX));
            let failed =
                self.failed.map(|error| (error.errno.0, error.side.map_or(0, |side| side as u8)));
            key.extend(failed.map_or([0; 2], |(errno, side)| [errno as u8, side]));
            key.push(self.input_error.map_or(0, |errno| errno.0 as u8));
            self.in_flight.key(key, byte);
            self.shared_errors.key(key);
        }
    }
}
