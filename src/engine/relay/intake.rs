// SPDX-License-Identifier: MIT OR Apache-2.0

//! Taking from the input.

use super::state::{Path, Relay, MAY_SPLICE};
use crate::constants::*;
use crate::engine::shared::endpoint::FdKind;
use crate::engine::shared::eof::{self, Eof};
use crate::engine::shared::outcome::{side_of_failure, Answer, Error, Side};
use crate::engine::shared::refusal;
use crate::engine::shared::sigpipe;
use crate::engine::shared::tuning::{RELAY_STEP, RELAY_TRICKLE};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt};

/// What an attempt to take something from the input came to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    /// Bytes were taken, the input has ended, or another attempt is worth it.
    Some,
    /// The input would block.
    Empty,
    /// Something has to be delivered first: there is no room for more.
    Full,
    /// The output would block. Nothing is in flight: the bytes stay in the input.
    Blocked,
}

impl From<Eof> for Intake {
    fn from(eof: Eof) -> Intake {
        match eof {
            Eof::NotYet => Intake::Empty,
            Eof::Yes | Eof::No | Eof::Unknown => Intake::Some,
        }
    }
}

impl Relay {
    /// Takes something from the input, on the path that is best for now.
    pub(super) fn take(&mut self, until: u64) -> Result<Intake, Error> {
        let was_drained = self.was_drained();
        // Also if the input is drained: it would be in vain to wait for it.
        if self.in_flight.buffered() > 0 || self.in_flight.room() == 0 {
            return Ok(Intake::Full);
        }
        if was_drained {
            return Ok(Intake::Empty);
        }
        match self.path {
            Path::BufferOnly => self.take_piece(),
            Path::Closed => self.explain_nothing(false),
            _ if self.is_beside_pipe() => self.pass(until),
            Path::Bulk | Path::SpliceOnly => self.take_bulk(),
            Path::Small => self.take_piece(),
        }
    }

    /// Reads a small piece into the buffer.
    fn take_piece(&mut self) -> Result<Intake, Error> {
        if self.may_cut_packet() && self.in_flight.has_pipe() {
            return self.take_packets();
        }
        let room = self.in_flight.get_buffer().map_err(Error::call)?;
        let len = self.piece_len().min(room);
        let input = self.input;
        match self.in_flight.fill_buffer(len, |into| input.read(into)) {
            Ok(0) => Ok(self.input_ended().into()),
            Ok(count) => {
                self.note_piece(count, len);
                Ok(Intake::Some)
            }
            Err(Errno::AGAIN) => Ok(Intake::Empty),
            Err(errno) => Ok(self.fail_input(errno)),
        }
    }

    /// Moves bytes into the buffer through the private pipe: splice(2) leaves the rest of a packet
    /// in the input, read(2) would lose it (docs/kernel.md, "A read that ends inside a packet of a
    /// pipe loses the rest").
    fn take_packets(&mut self) -> Result<Intake, Error> {
        let (input, len) = (self.input, self.piece_len());
        match self.in_flight.fill_pipe(len, |pipe, len| input.splice_into(pipe, len)).into() {
            Answer::Moved(count) => {
                self.taken(count);
                self.in_flight.spill_to_buffer().map_err(Error::call)?;
                Ok(Intake::Some)
            }
            Answer::Zero => Ok(self.input_ended().into()),
            Answer::WouldBlock | Answer::Interrupted => Ok(Intake::Empty),
            Answer::Failed(errno) => Ok(self.fail_input(errno)),
            // A sandbox.
            Answer::Unsupported(errno) => {
                self.note_refusal(errno);
                self.flags &= !MAY_SPLICE;
                self.take_piece()
            }
        }
    }

    fn fail_input(&mut self, errno: Errno) -> Intake {
        self.input_failed(errno);
        Intake::Some
    }

    /// splice(2) cannot do it: reads a piece instead, if that is allowed.
    fn take_without_splice(&mut self, errno: Errno) -> Result<Intake, Error> {
        self.path = self.path.without_splice();
        self.note_refusal(errno);
        self.read_or_explain(false)
    }

    /// splice(2) moved nothing, and read(2) is avoided: finds out why without consuming data.
    /// (`saw_zero`: it returned 0, not EAGAIN.)
    fn explain_nothing(&mut self, saw_zero: bool) -> Result<Intake, Error> {
        match self.probe_input() {
            Ok(Eof::NotYet) => Ok(Intake::Empty),
            Ok(Eof::Yes) => Ok(self.input_ended().into()),
            Err(errno) => Ok(self.fail_input(errno)),
            // A terminal or another device: only splice(2) knows, and it says that the input has ended.
            Ok(Eof::Unknown) if saw_zero => Ok(self.input_ended().into()),
            // Data has arrived in the meantime: try once more.
            _ if self.path == Path::SpliceOnly && !self.declined => {
                self.declined = true;
                Ok(Intake::Some)
            }
            _ => {
                if self.declined {
                    self.note_refusal(Errno::OPNOTSUPP);
                }
                Err(Error::call(Errno::OPNOTSUPP))
            }
        }
    }

    /// Whether the input has ended, found out without consuming data.
    fn probe_input(&self) -> Result<Eof> {
        eof::probe(FdAt::own(self.input.fd), self.input.kind)
    }

    /// Whether a run that may move nothing ends it: the output has died, or all is delivered and the input has
    /// ended or failed.
    pub(in crate::engine) fn is_at_end(&mut self) -> bool {
        if self.output.has_died() {
            return true;
        }
        if !self.in_flight.is_empty() || !self.is_open() {
            return self.in_flight.is_empty();
        }
        match self.probe_input() {
            Ok(eof) => eof == Eof::Yes,
            Err(errno) => {
                self.input_failed(errno);
                true
            }
        }
    }

    /// Splices a large piece into the pipe.
    fn take_bulk(&mut self) -> Result<Intake, Error> {
        if !self.in_flight.has_pipe() && self.path.may_copy() {
            return self.take_piece();
        }
        let len = usize::try_from(self.remaining).unwrap_or(RELAY_STEP).min(RELAY_STEP);
        let len = len.min(self.in_flight.room());
        let input = self.input;
        let mut take = || self.in_flight.fill_pipe(len, |pipe, len| input.splice_into(pipe, len));
        match refusal::answer(input.socket(), &mut take) {
            Answer::Moved(count) => {
                self.taken(count);
                self.declined = false;
                // From a socket: a short count means that this was all.
                let is_short = count < RELAY_TRICKLE && !self.input.kind.is_file();
                self.path = self.path.after_piece(!is_short);
                self.note_short_splice(is_short);
                Ok(Intake::Some)
            }
            Answer::WouldBlock | Answer::Interrupted if self.in_flight.is_pipe_full() => {
                Ok(Intake::Full)
            }
            Answer::Failed(errno) => Ok(self.fail_input(errno)),
            Answer::Unsupported(errno) => self.take_without_splice(errno),
            Answer::Zero if self.input.kind == FdKind::Char => Ok(self.input_ended().into()),
            answer if self.path == Path::SpliceOnly => self.explain_nothing(answer == Answer::Zero),
            // read(2) tells an end from TCP urgent data, and gets past the latter (docs/kernel.md,
            // "TCP urgent data stops splice(2)"). A single pause does not end bulk mode.
            Answer::Zero | Answer::WouldBlock | Answer::Interrupted => {
                let taken = self.take_piece();
                self.path = self.path.after_piece(true);
                taken
            }
        }
    }

    /// Splices from the input to the output: one of them is a pipe, so no private pipe is needed.
    fn pass(&mut self, until: u64) -> Result<Intake, Error> {
        let budget = self.remaining.min(until.saturating_sub(self.bytes()));
        let most = usize::try_from(budget).unwrap_or(RELAY_STEP).min(RELAY_STEP);
        self.output.learn_family();
        let (input, output) = (self.input, self.output);
        if self.is_end_before_dead_pipe(false)? {
            return Ok(Intake::Some);
        }
        let before = self.revents_before();
        let mut pass = || {
            if output.kind == FdKind::Pipe {
                input.splice_into(output.fd, most)
            } else {
                output.splice_from(input.fd, most, 0)
            }
        };
        let moved = sigpipe::without_if(self.flags & ZS_NOSIGPIPE != 0, || {
            refusal::answer(input.socket().or(output.socket()), &mut pass)
        });
        match moved {
            Answer::Moved(count) => {
                self.taken(count);
                self.declined = false;
                self.delivered(ZS_VIA_SPLICE, count);
                self.check_spliced(count < most, before).map(|_| Intake::Some)
            }
            Answer::Zero => self.pass_zero(),
            Answer::WouldBlock | Answer::Interrupted => self.pass_blocked(),
            Answer::Unsupported(errno) => self.take_without_splice(errno),
            Answer::Failed(errno) => match side_of_failure(errno, input.fd, output.fd) {
                Some(Side::Out) if self.is_end_before_dead_pipe(true)? => Ok(Intake::Some),
                Some(Side::Out) => Err(self.output_failed(errno)),
                Some(Side::In) => Ok(self.fail_input(errno)),
                _ => self.take_without_splice(errno),
            },
        }
    }

    /// splice(2) into a pipe that nobody reads is EPIPE before it looks at the input, which may have ended
    /// or failed: then that counts. `is_known`: it was EPIPE, without the signal. Otherwise the signal has to
    /// be prevented by looking before, also if there is nothing yet: a write(2) would raise it for bytes only.
    fn is_end_before_dead_pipe(&mut self, is_known: bool) -> Result<bool, Error> {
        let is_quiet = self.flags & ZS_NOSIGPIPE != 0;
        if self.output.kind != FdKind::Pipe || is_quiet != is_known {
            return Ok(false);
        }
        if !is_known && self.output.poll(0) & libc::POLLERR == 0 {
            return Ok(false);
        }
        match self.probe_input() {
            Ok(Eof::Yes) => Ok(self.input_ended() == Eof::Yes),
            Ok(Eof::NotYet) => Err(self.output_failed(Errno::PIPE)),
            Err(errno) => {
                self.input_failed(errno);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// splice(2) returned 0 between the two.
    fn pass_zero(&mut self) -> Result<Intake, Error> {
        match self.input.kind {
            FdKind::Pipe => {}
            // A terminal reports its end (^D) once: a read would wait for the next line
            // (docs/kernel.md, "A terminal reports its end of file once").
            FdKind::Char => return Ok(self.input_ended().into()),
            _ => return self.read_or_explain(true),
        }
        match eof::after_zero(FdAt::own(self.input.fd)) {
            Ok(Eof::NotYet) => Ok(Intake::Empty),
            Ok(Eof::No) => self.read_or_explain(true),
            _ => Ok(self.input_ended().into()),
        }
    }

    /// splice(2) returned EAGAIN between the two. A full output pipe hides whether the input has
    /// ended or failed (docs/kernel.md, "A full pipe hides the end").
    fn pass_blocked(&mut self) -> Result<Intake, Error> {
        if self.input.kind == FdKind::Socket && self.path.may_copy() {
            return self.pass_blocked_socket();
        }
        match self.probe_input() {
            Ok(Eof::NotYet) => Ok(Intake::Empty),
            Ok(Eof::Yes) => Ok(self.input_ended().into()),
            Err(errno) => Ok(self.fail_input(errno)),
            // A terminal or another device: only a read knows whether it has ended.
            Ok(Eof::Unknown) if self.input.kind == FdKind::Char && self.path.may_copy() => {
                self.take_piece()
            }
            Ok(Eof::No | Eof::Unknown) if self.output.poll(libc::POLLOUT) == 0 => {
                Ok(Intake::Blocked)
            }
            // Another reader was faster, or it is TCP urgent data: a read finds out.
            Ok(Eof::No | Eof::Unknown) => self.read_or_explain(false),
        }
    }

    /// As `pass_blocked`, from a socket. (`probe_input` would peek, which moves SO_PEEK_OFF; and
    /// poll(2) reports nothing below SO_RCVLOWAT.) Without bytes for splice(2) a read finds out
    /// about an end, an error, and TCP urgent data.
    fn pass_blocked_socket(&mut self) -> Result<Intake, Error> {
        let is_full = || self.output.poll(libc::POLLOUT) == 0;
        if sys::fionread(self.input.fd).is_ok_and(|bytes| bytes > 0) && is_full() {
            return Ok(Intake::Blocked);
        }
        self.take_piece()
    }

    fn read_or_explain(&mut self, saw_zero: bool) -> Result<Intake, Error> {
        match self.path.may_copy() {
            true => self.take_piece(),
            false => self.explain_nothing(saw_zero),
        }
    }
}
