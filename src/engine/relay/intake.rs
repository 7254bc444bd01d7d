//! Taking from the input.

use super::deliver::quietly;
use super::Relay;
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::outcome::{side_of, Error, Side};
use crate::engine::shared::tuning::{RELAY_STEP, RELAY_TRICKLE, SMALL_PIECE};
use crate::errno::{Class, Errno, Result};
use crate::sys::FdAt;

/// What came of a try to take something from the input.
pub(super) enum Intake {
    Some,
    /// It would block.
    Empty,
    /// There is no room for it before something is delivered.
    Full,
    /// The output would block, and nothing is held: the bytes stay in the input.
    Blocked,
}

impl Relay {
    /// Takes something from the input, in the way that is best for now.
    pub(super) fn take(&mut self, until: u64) -> Result<Intake, Error> {
        let is_drained = core::mem::take(&mut self.ways.is_drained);
        if self.in_flight.buffered() > 0 {
            return Ok(Intake::Full);
        }
        if is_drained {
            return Ok(Intake::Empty);
        }
        if self.ways.no_splice {
            return self.take_buffered();
        }
        if self.input.kind == FdKind::Pipe || self.output.kind == FdKind::Pipe {
            return self.pass(until);
        }
        if self.ways.is_bulk || self.ways.no_buffer {
            return self.take_piped();
        }
        self.take_buffered()
    }

    /// Takes a small piece.
    fn take_buffered(&mut self) -> Result<Intake, Error> {
        if self.ways.no_buffer {
            return self.take_nothing(false);
        }
        let len = usize::try_from(self.left).unwrap_or(SMALL_PIECE).min(SMALL_PIECE);
        let input = self.input;
        let Some(count) = self.in_flight.fill_buffer(len, |into| input.read(into)) else {
            return Err(Error::call(Errno::NOMEM));
        };
        match count {
            Ok(0) => Ok(self.input_ended()),
            Ok(count) => {
                self.taken(count);
                self.ways.is_bulk = count == SMALL_PIECE;
                self.ways.is_drained = count < len && self.trusts_short_reads();
                Ok(Intake::Some)
            }
            Err(Errno::AGAIN) => Ok(Intake::Empty),
            Err(errno) => Ok(self.input_failed(errno)),
        }
    }

    /// Finds out, without a read that takes, what splice(2) has meant that took nothing: the input is
    /// empty, has ended, or there is no way left to move its bytes. (`has_said_end`: it was a 0.)
    fn take_nothing(&mut self, has_said_end: bool) -> Result<Intake, Error> {
        match self.probe_input() {
            Ok(Eof::NotYet) => Ok(Intake::Empty),
            Ok(Eof::Yes) => Ok(self.input_ended()),
            Err(errno) => Ok(self.input_failed(errno)),
            // Terminals and the like: the end is what splice(2) calls so.
            Ok(Eof::Unknown) if has_said_end => Ok(self.input_ended()),
            // They have come meanwhile: once more.
            _ if !self.ways.no_splice && !self.ways.has_declined => {
                self.ways.has_declined = true;
                Ok(Intake::Some)
            }
            _ => Err(Error::call(Errno::OPNOTSUPP)),
        }
    }

    /// Whether the input has ended, found out without taking anything from it.
    fn probe_input(&self) -> Result<Eof> {
        eof::probe(FdAt::own(self.input.fd), self.input.kind)
    }

    /// Takes a large one.
    fn take_piped(&mut self) -> Result<Intake, Error> {
        if !self.in_flight.has_pipe() {
            // Without one, the buffer has to do.
            return self.take_buffered();
        }
        let len = usize::try_from(self.left).unwrap_or(RELAY_STEP).min(RELAY_STEP);
        let input = self.input;
        match self.in_flight.fill_pipe(len, |pipe, len| input.splice_into(pipe, len)) {
            Ok(count @ 1..) => {
                self.taken(count);
                self.ways.has_declined = false;
                // Of a socket, so much is all that there was.
                let is_short = count < RELAY_TRICKLE && !self.input.kind.is_file();
                self.ways.is_bulk = !is_short;
                self.ways.is_drained = is_short && self.trusts_short_reads();
                Ok(Intake::Some)
            }
            Err(Errno::AGAIN) if self.in_flight.is_pipe_full() => Ok(Intake::Full),
            Err(errno) if failed(errno) => Ok(self.input_failed(errno)),
            said @ (Ok(_) | Err(Errno::AGAIN)) if self.ways.no_buffer => {
                self.take_nothing(said.is_ok())
            }
            Ok(_) | Err(Errno::AGAIN) => {
                // A read finds out: it gets past TCP urgent data, and does not take that for an end.
                let is_bulk = self.ways.is_bulk;
                let take = self.take_buffered();
                self.ways.is_bulk = is_bulk;
                take
            }
            Err(_) => {
                self.ways.no_splice = true;
                self.take_buffered()
            }
        }
    }

    /// Between a pipe of the caller's and the other side nothing needs to be held.
    fn pass(&mut self, until: u64) -> Result<Intake, Error> {
        let most =
            self.left.min(until.saturating_sub(self.bytes())).min(RELAY_STEP as u64) as usize;
        let (input, output, flags) = (self.input, self.output, self.flags);
        let moved = quietly(flags, most, || {
            if output.kind == FdKind::Pipe {
                input.splice_into(output.fd, most)
            } else {
                output.splice_from(input.fd, most, 0)
            }
        });
        match moved {
            Ok(0) => self.pass_nothing(),
            Ok(count) => {
                self.taken(count);
                self.ways.has_declined = false;
                self.account(ZS_VIA_SPLICE, count);
                Ok(Intake::Some)
            }
            // A full output hides what is to be said of the input.
            Err(Errno::AGAIN) => match self.probe_input() {
                Ok(Eof::NotYet) => Ok(Intake::Empty),
                Ok(Eof::Yes) => Ok(self.input_ended()),
                Err(errno) => Ok(self.input_failed(errno)),
                _ if output.poll(libc::POLLOUT) == 0 => Ok(Intake::Blocked),
                // Somebody else was faster, or it is TCP urgent data: a read finds out.
                _ if self.ways.no_buffer => self.take_nothing(false),
                _ => self.take_buffered(),
            },
            Err(errno) => match side_of(errno, input.fd, output.fd) {
                Some(Side::Out) => Err(self.output_failed(errno)),
                Some(Side::In) => Ok(self.input_failed(errno)),
                _ => {
                    self.ways.no_splice = true;
                    self.take_buffered()
                }
            },
        }
    }

    /// splice(2) said 0.
    fn pass_nothing(&mut self) -> Result<Intake, Error> {
        if self.input.kind != FdKind::Pipe {
            return self.take_buffered();
        }
        match eof::after_zero(FdAt::own(self.input.fd)) {
            Ok(Eof::NotYet) => Ok(Intake::Empty),
            Ok(Eof::No) => self.take_buffered(),
            _ => Ok(self.input_ended()),
        }
    }

    /// Whether a short read will do for "would block".
    pub(super) const fn trusts_short_reads(&self) -> bool {
        self.flags & ZS_RELAY_LEVEL != 0 && !self.input.kind.is_file()
    }

    pub(super) fn taken(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
    }

    /// A 0: for a FIFO before its first writer it means nothing, and after a reset that the other
    /// direction has heard of it is no end.
    pub(super) fn input_ended(&mut self) -> Intake {
        if self.input.kind == FdKind::Pipe {
            match eof::after_zero(FdAt::own(self.input.fd)) {
                Ok(Eof::NotYet) => return Intake::Empty,
                // A writer has come meanwhile.
                Ok(Eof::No) => return Intake::Some,
                _ => {}
            }
        }
        self.ways.has_ended = true;
        self.input_error = self.shared_errors.input_error();
        Intake::Some
    }

    /// A terminal that has hung up has ended.
    pub(super) fn input_failed(&mut self, errno: Errno) -> Intake {
        self.ways.has_ended = true;
        if errno == Errno::IO && self.input.kind == FdKind::Char {
            return Intake::Some;
        }
        self.shared_errors.note_input_error(errno);
        self.input_error = Some(errno);
        Intake::Some
    }
}

/// Whether the data path has failed, rather than the call declined.
pub(super) fn failed(errno: Errno) -> bool {
    matches!(errno.class(), Class::Failed)
}
