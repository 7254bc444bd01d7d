//! Taking from the input.

use super::give::quietly;
use super::{Relay, SMALL, STEP};
use crate::constants::*;
use crate::engine::doubt::{self, Zero};
use crate::engine::fate::Fate;
use crate::engine::pace::{Halt, Outcome};
use crate::engine::port::Kind;
use crate::engine::progress::{side_of, Side};
use crate::errno::{Errno, Result};
use crate::sys::End;

/// An input that gives less than this has turned to small pieces again.
const TRICKLE: usize = 4 << 10;

/// What there is to be said of an input.
enum Look {
    Empty,
    Bytes,
    Ended,
    /// It is readable, and that may mean either.
    Unknown,
}

/// What came of a try to take something from the input.
pub(super) enum Take {
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
    pub(super) fn take(&mut self, until: u64) -> Outcome<Take> {
        let is_drained = core::mem::take(&mut self.ways.is_drained);
        if self.hold.buffered() > 0 {
            return Ok(Take::Full);
        }
        if is_drained {
            return Ok(Take::Empty);
        }
        if self.ways.no_splice {
            return self.take_buffered();
        }
        if self.input.kind == Kind::Pipe || self.output.kind == Kind::Pipe {
            return self.pass(until);
        }
        if self.ways.is_bulk || self.ways.no_buffer {
            return self.take_piped();
        }
        self.take_buffered()
    }

    /// Takes a small piece.
    fn take_buffered(&mut self) -> Outcome<Take> {
        if self.ways.no_buffer {
            return self.take_nothing(false);
        }
        let len = usize::try_from(self.left).unwrap_or(SMALL).min(SMALL);
        let input = self.input;
        let Some(count) = self.hold.fill_buffer(len, |into| input.read(into)) else {
            return Err(Halt::call(Errno::NOMEM));
        };
        match count {
            Ok(0) => Ok(self.input_ended()),
            Ok(count) => {
                self.taken(count);
                self.ways.is_bulk = count == SMALL;
                self.ways.is_drained = count < len && self.trusts_short_reads();
                Ok(Take::Some)
            }
            Err(Errno::AGAIN) => Ok(Take::Empty),
            Err(errno) => Ok(self.input_failed(errno)),
        }
    }

    /// Finds out, without a read that takes, what splice(2) has meant that took nothing: the input is
    /// empty, has ended, or there is no way left to move its bytes. (`has_said_end`: it was a 0.)
    fn take_nothing(&mut self, has_said_end: bool) -> Outcome<Take> {
        match self.look_at_input() {
            Ok(Look::Empty) => Ok(Take::Empty),
            Ok(Look::Ended) => Ok(self.input_ended()),
            Err(errno) => Ok(self.input_failed(errno)),
            // Terminals and the like: the end is what splice(2) calls so.
            Ok(Look::Unknown) if has_said_end => Ok(self.input_ended()),
            // They have come meanwhile: once more.
            _ if !self.ways.no_splice && !self.ways.has_declined => {
                self.ways.has_declined = true;
                Ok(Take::Some)
            }
            _ => Err(Halt::call(Errno::OPNOTSUPP)),
        }
    }

    /// What there is to be said of the input without taking anything from it.
    fn look_at_input(&self) -> Result<Look> {
        let input = self.input;
        let held = match input.kind {
            Kind::Pipe => {
                let events = input.poll(libc::POLLIN) & (libc::POLLIN | libc::POLLHUP);
                return Ok(match events {
                    0 => Look::Empty,
                    libc::POLLHUP => Look::Ended,
                    _ => Look::Bytes,
                });
            }
            Kind::File | Kind::Block => {
                return Ok(match doubt::zero(End::own(input.fd))? {
                    Zero::End => Look::Ended,
                    _ => Look::Bytes,
                })
            }
            _ => input.holds(),
        };
        match held {
            Ok(0) if input.kind == Kind::Socket => Ok(Look::Ended),
            Ok(0) if input.poll(libc::POLLIN) == 0 => Ok(Look::Empty),
            Ok(0) => Ok(Look::Unknown),
            Ok(_) => Ok(Look::Bytes),
            Err(Errno::AGAIN) => Ok(Look::Empty),
            Err(errno) if input.kind == Kind::Socket => Err(errno),
            Err(_) => Ok(Look::Unknown),
        }
    }

    /// Takes a large one.
    fn take_piped(&mut self) -> Outcome<Take> {
        if !self.hold.has_pipe() {
            // Without one, the buffer has to do.
            return self.take_buffered();
        }
        let len = usize::try_from(self.left).unwrap_or(STEP).min(STEP);
        let input = self.input;
        match self.hold.fill_pipe(len, |pipe, len| input.splice_into(pipe, len)) {
            Ok(count @ 1..) => {
                self.taken(count);
                self.ways.has_declined = false;
                // Of a socket, so much is all that there was.
                let is_short = count < TRICKLE && !self.input.kind.is_file();
                self.ways.is_bulk = !is_short;
                self.ways.is_drained = is_short && self.trusts_short_reads();
                Ok(Take::Some)
            }
            Err(Errno::AGAIN) if self.hold.is_pipe_full() => Ok(Take::Full),
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
    fn pass(&mut self, until: u64) -> Outcome<Take> {
        let most = self.left.min(until.saturating_sub(self.bytes())).min(STEP as u64) as usize;
        let (input, output, flags) = (self.input, self.output, self.flags);
        let moved = quietly(flags, most, || {
            if output.kind == Kind::Pipe {
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
                Ok(Take::Some)
            }
            // A full output hides what is to be said of the input.
            Err(Errno::AGAIN) => match self.look_at_input() {
                Ok(Look::Empty) => Ok(Take::Empty),
                Ok(Look::Ended) => Ok(self.input_ended()),
                Err(errno) => Ok(self.input_failed(errno)),
                _ if output.poll(libc::POLLOUT) == 0 => Ok(Take::Blocked),
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
    fn pass_nothing(&mut self) -> Outcome<Take> {
        if self.input.kind != Kind::Pipe {
            return self.take_buffered();
        }
        match doubt::zero(End::own(self.input.fd)) {
            Ok(Zero::Early) => Ok(Take::Empty),
            Ok(Zero::More) => self.take_buffered(),
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
    pub(super) fn input_ended(&mut self) -> Take {
        if self.input.kind == Kind::Pipe {
            match doubt::zero(End::own(self.input.fd)) {
                Ok(Zero::Early) => return Take::Empty,
                // A writer has come meanwhile.
                Ok(Zero::More) => return Take::Some,
                _ => {}
            }
        }
        self.ways.has_ended = true;
        self.input_error = self.link.of_input();
        Take::Some
    }

    /// A terminal that has hung up has ended.
    pub(super) fn input_failed(&mut self, errno: Errno) -> Take {
        self.ways.has_ended = true;
        if errno == Errno::IO && self.input.kind == Kind::Char {
            return Take::Some;
        }
        self.link.tell_of_input(errno);
        self.input_error = Some(errno);
        Take::Some
    }
}

/// Whether the data path has failed, rather than the call declined.
pub(super) fn failed(errno: Errno) -> bool {
    matches!(Fate::of(errno), Fate::Failed)
}
