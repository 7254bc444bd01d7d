//! One direction, in the caller's event loop.

mod hold;
mod link;
mod pool;

pub(crate) use pool::Pool;

use super::doubt::{self, Zero};
use super::fate::Fate;
use super::options::flag;
use super::pace::{Halt, Outcome};
use super::port::{Kind, Port};
use super::progress::{side_of, via, Progress, Side};
use super::{avoid, sigpipe};
use crate::errno::{Errno, Result};
use crate::heap::Shared;
use crate::sys::{self, End};
use core::ffi::{c_int, c_short};
use hold::Hold;
use link::Link;

/// What to wait for, as bits: those that zs_relay_run returns.
pub(crate) mod want {
    pub(crate) const READ: u32 = 1;
    pub(crate) const WRITE: u32 = 2;
    pub(crate) const RUN: u32 = 4;
}

/// More flags of a relay: pass the end of the input on; spare the read that only proves that an input
/// is drained.
pub(crate) const SHUTDOWN: u32 = 0x10000;
pub(crate) const LEVEL: u32 = 0x20000;

const KNOWN: u32 = flag::NOSIGPIPE | flag::STABLE | SHUTDOWN | LEVEL;

/// What a small piece is: up to here a buffer is faster, and an input that fills it at once has more.
pub(super) const SMALL: usize = 16 << 10;
/// An input that gives less than this has turned to small pieces again.
const TRICKLE: usize = 4 << 10;
/// The most that one step takes, and the budget of a run that is given none.
const STEP: usize = 1 << 20;

/// Bytes on their way from one descriptor to another.
pub(crate) struct Relay {
    input: Port,
    output: Port,
    flags: u32,
    /// What may still be taken from the input.
    left: u64,
    hold: Hold,
    bytes: u64,
    copied: u64,
    via: u32,
    ways: Ways,
    link: Link,
    /// Why the input has ended, if not well: to be told once what came before is delivered.
    input_error: Option<Errno>,
    failed: Option<Halt>,
}

/// How bytes go, for the time being.
struct Ways {
    /// The input comes in large pieces.
    is_bulk: bool,
    /// splice(2) does not do it for this pair, or is not to be used.
    no_splice: bool,
    /// Nor are read(2) and write(2).
    no_buffer: bool,
    has_ended: bool,
    has_shut_down: bool,
    /// The last read was short, which in a level-triggered loop is as good as "would block".
    is_drained: bool,
    /// An output that has hung up without an error may still be written to, for all that we know.
    hang_up_is_fine: bool,
    /// The input had bytes of which splice(2) took none.
    has_declined: bool,
}

/// What there is to be said of an input.
enum Look {
    Empty,
    Bytes,
    Ended,
    /// It is readable, and that may mean either.
    Unknown,
}

/// What came of a try to take something from the input.
enum Take {
    Some,
    /// It would block.
    Empty,
    /// There is no room for it before something is delivered.
    Full,
    /// The output would block, and nothing is held: the bytes stay in the input.
    Blocked,
}

impl Relay {
    /// For the caller's loop.
    pub(crate) fn new(
        input: c_int,
        output: c_int,
        len: u64,
        pool: Option<Shared<Pool>>,
        flags: u32,
    ) -> Result<Relay> {
        if flags & !KNOWN != 0 {
            return Err(Errno::INVAL);
        }
        let ports = [Port::new(input)?, Port::new(output)?];
        if ports.iter().any(|port| port.blocks) {
            return Err(Errno::INVAL);
        }
        if ports.iter().any(|port| port.kind == Kind::Other) {
            return Err(Errno::PROTOTYPE);
        }
        let [input, output] = ports;
        Ok(Relay::of(input, output, len, pool, flags, 0))
    }

    /// For a loop of ours, which also has descriptors that block.
    pub(super) fn of(
        input: Port,
        output: Port,
        len: u64,
        pool: Option<Shared<Pool>>,
        flags: u32,
        avoid: u32,
    ) -> Relay {
        let avoid = avoid | avoid::by_environment();
        let ways = Ways {
            is_bulk: input.kind.is_file() && len > SMALL as u64,
            no_splice: flags & flag::STABLE != 0 || avoid & via::SPLICE != 0,
            no_buffer: avoid & via::READ_WRITE != 0,
            has_ended: false,
            has_shut_down: false,
            is_drained: false,
            hang_up_is_fine: false,
            has_declined: false,
        };
        Relay {
            input,
            output,
            flags,
            left: len,
            hold: Hold::new(pool),
            bytes: 0,
            copied: 0,
            via: 0,
            ways,
            link: Link::default(),
            input_error: None,
            failed: None,
        }
    }

    /// Lets two directions of one connection share what either learns; where there is no memory for
    /// that, each learns by itself.
    pub(crate) fn pair(a: &mut Relay, b: &mut Relay) {
        let (a_to_b, b_to_a) = (a.input.is_same(b.output), b.input.is_same(a.output));
        let Some(links) = Link::pair(a_to_b, b_to_a) else { return };
        let known = [a.knows(), b.knows()];
        (a.link, b.link) = links;
        for (relay, (input, output)) in [a, b].into_iter().zip(known) {
            input.into_iter().for_each(|errno| relay.link.tell_of_input(errno));
            output.into_iter().for_each(|errno| relay.link.tell_of_output(errno));
        }
    }

    /// What its input and its output have died of, as far as it has learned.
    fn knows(&self) -> (Option<Errno>, Option<Errno>) {
        let failed =
            |side| self.failed.filter(|halt| halt.side == Some(side)).map(|halt| halt.errno);
        let input = self.link.of_input().or(self.input_error).or(failed(Side::In));
        (input, self.link.of_output().or(failed(Side::Out)))
    }

    /// For an engine that hears of a dead output in time by other means.
    pub(super) fn bear_with_hang_up(&mut self) {
        self.ways.hang_up_is_fine = true;
    }

    pub(super) const fn ports(&self) -> (Port, Port) {
        (self.input, self.output)
    }

    /// Lets `len` more bytes be taken.
    pub(crate) fn more(&mut self, len: u64) {
        self.left = self.left.saturating_add(len);
    }

    /// Queues bytes behind what was taken so far.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        if self.hold.append(bytes) {
            Ok(())
        } else {
            Err(Errno::NOMEM)
        }
    }

    /// Hands back bytes that were taken and not delivered, oldest first.
    pub(crate) fn take_back(&mut self, into: &mut [u8]) -> Result<usize> {
        let count = self.hold.take_back(into);
        self.hold.rest();
        count
    }

    /// What has become of it so far.
    pub(crate) fn result(&self) -> Progress {
        let (side, end) = match self.failed {
            Some(halt) => (halt.side, Err(halt.errno)),
            None => (None, Ok(())),
        };
        Progress {
            bytes: self.bytes,
            in_flight: self.hold.len(),
            copied: self.copied,
            via: self.via,
            side,
            end,
            ..Progress::NONE
        }
    }

    /// Moves what can be moved without blocking, and says what to wait for; 0: all is delivered.
    pub(crate) fn run(&mut self, budget: u64) -> Outcome<u32> {
        if let Some(halt) = self.failed {
            return Err(halt);
        }
        let budget = if budget == 0 { STEP as u64 } else { budget };
        let end = self.turn(self.bytes.saturating_add(budget));
        self.hold.rest();
        if let Err(halt) = end {
            self.failed = Some(halt);
        }
        end
    }

    /// Delivers up to `until` bytes in all.
    fn turn(&mut self, until: u64) -> Outcome<u32> {
        let before = self.bytes;
        let mut held_up = false;
        loop {
            while self.hold.len() > 0 && !held_up {
                if self.bytes >= until {
                    return Ok(want::RUN);
                }
                held_up = !self.deliver(until)?;
            }
            if self.ways.has_ended || self.left == 0 {
                return if self.hold.len() > 0 { Ok(want::WRITE) } else { self.finish(before) };
            }
            if self.bytes >= until {
                return Ok(want::RUN);
            }
            match self.take(until)? {
                Take::Some => {}
                Take::Full | Take::Blocked => return self.wait_for(want::WRITE, before),
                Take::Empty if self.hold.len() > 0 => return Ok(want::READ | want::WRITE),
                Take::Empty => return self.wait_for(want::READ, before),
            }
        }
    }

    /// What is wanted now; an output that has died is an error even when nothing is held for it.
    fn wait_for(&mut self, wanted: u32, before: u64) -> Outcome<u32> {
        let hang_up = if self.ways.hang_up_is_fine { 0 } else { libc::POLLHUP };
        self.look_for(libc::POLLERR | libc::POLLNVAL | hang_up, before)?;
        Ok(wanted)
    }

    /// Whether the output has died, where nothing has moved that would have shown it.
    #[inline(never)]
    fn look_for(&self, fatal: c_short, before: u64) -> Outcome<()> {
        if self.bytes > before || self.output.kind.is_file() {
            return Ok(());
        }
        if let Some(errno) = self.link.of_output() {
            return Err(Halt::new(Side::Out, errno));
        }
        match self.output.poll(0) & fatal {
            0 => Ok(()),
            events => self.reason(events).map_or(Ok(()), |why| Err(self.output_failed(why))),
        }
    }

    /// Why the output has died. None: it has not, a socket's queue of errors only has something to
    /// say that is none (time stamps and the like).
    fn reason(&self, events: c_short) -> Option<Errno> {
        if events & libc::POLLNVAL != 0 {
            return Some(Errno::BADF);
        }
        match self.output.kind {
            Kind::Socket => match sys::getsockopt_int(self.output.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => (events & libc::POLLHUP != 0).then_some(Errno::PIPE),
                Ok(told) => Some(Errno(told)),
            },
            Kind::Char => Some(Errno::IO),
            _ => Some(Errno::PIPE),
        }
    }

    /// What the other direction has heard of it is not asked for before: that lies far away.
    #[cold]
    fn output_failed(&self, errno: Errno) -> Halt {
        let errno = match errno {
            Errno::PIPE => self.link.of_output().unwrap_or(errno),
            errno => errno,
        };
        self.link.tell_of_output(errno);
        Halt::new(Side::Out, errno)
    }

    /// All that was taken is delivered, and there is no more to be taken.
    fn finish(&mut self, before: u64) -> Outcome<u32> {
        if let Some(errno) = self.input_error {
            return Err(Halt::new(Side::In, errno));
        }
        if !self.ways.has_ended || core::mem::replace(&mut self.ways.has_shut_down, true) {
            return Ok(0);
        }
        // An output that has only hung up has nothing to complain of.
        self.look_for(libc::POLLERR | libc::POLLNVAL, before)?;
        if self.flags & SHUTDOWN == 0 || self.output.kind != Kind::Socket {
            return Ok(0);
        }
        if self.is_connecting() {
            // It would be given up.
            self.ways.has_shut_down = false;
            return Ok(want::WRITE);
        }
        match sys::shutdown(self.output.fd, libc::SHUT_WR) {
            Ok(()) => Ok(0),
            Err(Errno::NOTCONN) => match sys::getsockopt_int(self.output.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => Ok(0),
                Ok(told) => Err(self.output_failed(Errno(told))),
            },
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    fn is_connecting(&self) -> bool {
        sys::getpeername(self.output.fd) == Err(Errno::NOTCONN)
            && self.output.poll(libc::POLLOUT) == 0
    }

    /// Delivers something of what is held; whether the output took it.
    fn deliver(&mut self, until: u64) -> Outcome<bool> {
        let most = usize::try_from(until.saturating_sub(self.bytes)).unwrap_or(usize::MAX);
        let (output, flags) = (self.output, self.flags);
        let piped = self.hold.piped();
        if piped == 0 {
            let sent = self.hold.drain_buffer(most, |bytes| put(output, flags, bytes));
            return self.delivered(via::READ_WRITE, sent);
        }
        match quietly(flags, piped.min(most), || {
            self.hold.drain_pipe(most, |pipe, len| output.splice_from(pipe, len, 0))
        }) {
            Ok(count @ 1..) => self.delivered(via::SPLICE, Ok(count)),
            Err(errno) if errno == Errno::AGAIN || failed(errno) => {
                self.delivered(via::SPLICE, Err(errno))
            }
            // The output does not take it from a pipe.
            _ if self.ways.no_buffer => Err(Halt::call(Errno::OPNOTSUPP)),
            _ => {
                self.ways.no_splice = true;
                if self.hold.pour() {
                    return Ok(true);
                }
                Err(Halt::call(Errno::NOMEM))
            }
        }
    }

    fn delivered(&mut self, by: u32, count: Result<usize>) -> Outcome<bool> {
        match count {
            Ok(0) => Err(self.output_failed(Errno::IO)),
            Ok(count) => {
                self.account(by, count);
                Ok(true)
            }
            Err(Errno::AGAIN) => Ok(false),
            Err(errno) => Err(self.output_failed(errno)),
        }
    }

    fn account(&mut self, by: u32, count: usize) {
        self.bytes = self.bytes.saturating_add(count as u64);
        self.via |= by;
        if by == via::READ_WRITE {
            self.copied = self.copied.saturating_add(count as u64);
        }
    }

    /// Takes something from the input, in the way that is best for now.
    fn take(&mut self, until: u64) -> Outcome<Take> {
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
        if self.hold.piped() > 0 && self.hold.buffered() > 0 {
            return Ok(Take::Full);
        }
        if self.ways.no_buffer {
            return self.take_nothing(false);
        }
        let len = usize::try_from(self.left).unwrap_or(SMALL).min(SMALL);
        let input = self.input;
        let Some(count) = self.hold.fill_buffer(len, |into| input.read(into)) else {
            return Err(Halt::call(Errno::NOMEM));
        };
        match count {
            Ok(0) => self.input_ended(),
            Ok(count) => {
                self.taken(count);
                self.ways.is_bulk |= count == SMALL;
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
            Ok(Look::Ended) => self.input_ended(),
            Err(errno) => Ok(self.input_failed(errno)),
            // Terminals and the like: the end is what splice(2) calls so.
            Ok(Look::Unknown) if has_said_end => self.input_ended(),
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
                self.ways.is_bulk = is_bulk && !matches!(take, Ok(Take::Empty));
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
        let most = self.left.min(until.saturating_sub(self.bytes)).min(STEP as u64) as usize;
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
                self.account(via::SPLICE, count);
                Ok(Take::Some)
            }
            // A full output hides what is to be said of the input.
            Err(Errno::AGAIN) => match self.look_at_input() {
                Ok(Look::Empty) => Ok(Take::Empty),
                Ok(Look::Ended) => self.input_ended(),
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
            _ => self.input_ended(),
        }
    }

    /// Whether a short read will do for "would block".
    const fn trusts_short_reads(&self) -> bool {
        self.flags & LEVEL != 0 && !self.input.kind.is_file()
    }

    fn taken(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count as u64);
    }

    /// A 0: for a FIFO before its first writer it means nothing, and after a reset that the other
    /// direction has heard of it is no end.
    fn input_ended(&mut self) -> Outcome<Take> {
        if self.input.kind == Kind::Pipe {
            match doubt::zero(End::own(self.input.fd)) {
                Ok(Zero::Early) => return Ok(Take::Empty),
                // A writer has come meanwhile.
                Ok(Zero::More) => return Ok(Take::Some),
                _ => {}
            }
        }
        self.ways.has_ended = true;
        self.input_error = self.link.of_input();
        Ok(Take::Some)
    }

    /// A terminal that has hung up has ended.
    fn input_failed(&mut self, errno: Errno) -> Take {
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
fn failed(errno: Errno) -> bool {
    matches!(Fate::of(errno), Fate::Failed)
}

fn put(output: Port, flags: u32, bytes: &[u8]) -> Result<usize> {
    if output.kind == Kind::Socket {
        let quiet = if flags & flag::NOSIGPIPE == 0 { 0 } else { libc::MSG_NOSIGNAL };
        return output.write(bytes, quiet);
    }
    quietly(flags, bytes.len(), || output.write(bytes, 0))
}

/// Without SIGPIPE, where that is asked for. (splice(2) has no flag for it.) A call that comes to less
/// than it was `asked` for may have raised one, too: it writes to a socket in pieces.
fn quietly(flags: u32, asked: usize, work: impl FnOnce() -> Result<usize>) -> Result<usize> {
    if flags & flag::NOSIGPIPE == 0 {
        work()
    } else {
        sigpipe::without(work, |outcome| match *outcome {
            Ok(count) => count < asked,
            Err(errno) => errno == Errno::PIPE,
        })
    }
}
