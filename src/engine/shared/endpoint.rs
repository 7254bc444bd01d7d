// SPDX-License-Identifier: MIT OR Apache-2.0

//! One end of a transfer that never blocks, whatever the flags of its descriptor.

use super::tuning;
use super::{readiness, refusal, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt, Poll};
use core::ffi::{c_int, c_short, c_uint};

/// The kind of a descriptor, as far as mechanisms differ.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum FdKind {
    File,
    Block,
    Char,
    Pipe,
    Socket,
    Other,
}

impl FdKind {
    /// The kind for a file type, S_IF….
    pub(crate) const fn of(file_type: libc::mode_t) -> FdKind {
        match file_type {
            libc::S_IFREG => FdKind::File,
            libc::S_IFBLK => FdKind::Block,
            libc::S_IFCHR => FdKind::Char,
            libc::S_IFIFO => FdKind::Pipe,
            libc::S_IFSOCK => FdKind::Socket,
            _ => FdKind::Other,
        }
    }

    /// Whether it can be read again at the same offset, and is always ready (but see
    /// `Transfer::await_input`).
    pub(crate) const fn is_file(self) -> bool {
        matches!(self, FdKind::File | FdKind::Block)
    }

    /// Whether calls that wrote to it may have raised SIGPIPE. A pipe that has raised it takes nothing more, so
    /// the output has failed. A socket may raise it beside a count that completes the transfer: kTLS does (seen
    /// on Linux 6.1 to 7.3).
    pub(crate) fn may_have_raised_sigpipe(self, has_failed: bool) -> bool {
        has_failed || self == FdKind::Socket
    }
}

/// A descriptor, its kind, and whether calls on it wait.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) fd: c_int,
    pub(crate) kind: FdKind,
    /// Whether the kernel would wait for it: a stream without O_NONBLOCK.
    pub(crate) blocks: bool,
    family: Family,
}

/// The family of a socket, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    /// Not asked for yet.
    Unknown,
    Local,
    Inet,
    Other,
}

impl Endpoint {
    pub(crate) const fn new(fd: c_int, kind: FdKind, blocks: bool) -> Endpoint {
        Endpoint { fd, kind, blocks, family: Family::Unknown }
    }

    /// A stream or a file to read from. EBADF: it is open for writing only.
    pub(crate) fn input(fd: c_int) -> Result<Endpoint> {
        Endpoint::open(fd, |mode| mode != libc::O_WRONLY)
    }

    /// A stream or a file to write to. EBADF: it is open for reading only.
    pub(crate) fn output(fd: c_int) -> Result<Endpoint> {
        Endpoint::open(fd, |mode| mode != libc::O_RDONLY)
    }

    /// One to read from and to write to. EBADF: it is open for only one of the two.
    pub(crate) fn both_ways(fd: c_int) -> Result<Endpoint> {
        Endpoint::open(fd, |mode| mode == libc::O_RDWR)
    }

    /// A descriptor that is open in an access mode that `fits`.
    fn open(fd: c_int, fits: fn(c_int) -> bool) -> Result<Endpoint> {
        let kind = FdKind::of(sys::fstat(fd)?.kind);
        let flags = sys::status_flags(fd);
        if flags.is_ok_and(|flags| flags & libc::O_PATH != 0 || !fits(flags & libc::O_ACCMODE)) {
            return Err(Errno::BADF);
        }
        // If fcntl(2) is refused (a sandbox) it is taken for blocking.
        let blocks = !kind.is_file() && flags.unwrap_or(0) & libc::O_NONBLOCK == 0;
        Endpoint::new(fd, kind, blocks).stream()
    }

    /// EPROTOTYPE: a socket that is no stream. splice(2) cuts and merges messages (docs/kernel.md,
    /// "Datagrams lose their boundaries").
    pub(crate) fn stream(self) -> Result<Endpoint> {
        match self.kind {
            FdKind::Socket => match sys::getsockopt_int(self.fd, libc::SO_TYPE) {
                // If that is refused (a sandbox) it is taken for a stream.
                Ok(libc::SOCK_STREAM) | Err(_) => Ok(self),
                Ok(_) => Err(Errno::PROTOTYPE),
            },
            _ => Ok(self),
        }
    }

    /// A file that poll(2) knows may wait, too (trace_pipe, FUSE). One that it does not know is always ready
    /// for both reads and writes.
    pub(crate) fn learn_readiness(&mut self) {
        const BOTH: c_short = libc::POLLIN | libc::POLLOUT;
        self.blocks |= self.kind == FdKind::File && self.poll(BOTH) & BOTH != BOTH;
    }

    /// The descriptor, if it is a socket.
    pub(crate) fn socket(self) -> Option<c_int> {
        (self.kind == FdKind::Socket).then_some(self.fd)
    }

    pub(crate) const fn readable(self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(crate) const fn writable(self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }

    /// Reads what is there, and never waits.
    #[inline(never)]
    pub(crate) fn read(self, into: &mut [u8]) -> Result<usize> {
        let answer = match self.kind {
            FdKind::Socket => retry_on_intr(|| sys::recv(self.fd, into, libc::MSG_DONTWAIT)),
            FdKind::Pipe if self.blocks => {
                retry_on_intr(|| sys::preadv2(self.fd, into, libc::RWF_NOWAIT))
            }
            _ => NOT_AT_ONCE,
        };
        match answer {
            Err(errno) if refusal::is_one(self.socket(), errno, &mut || peek(self.fd)) => {}
            answer => return answer,
        }
        self.ready(libc::POLLIN)?;
        retry_on_intr(|| super::read(self.fd, into))
    }

    /// Writes what there is room for, and never waits. `flags` are those of send(2), for sockets.
    #[inline(never)]
    pub(crate) fn write(self, bytes: &[u8], flags: c_int) -> Result<usize> {
        let at_once = flags | libc::MSG_DONTWAIT;
        let answer = match self.kind {
            FdKind::Socket => retry_on_intr(|| self.send(bytes, at_once)),
            FdKind::Pipe if self.blocks => {
                retry_on_intr(|| sys::pwritev2(self.fd, bytes, libc::RWF_NOWAIT))
            }
            _ => NOT_AT_ONCE,
        };
        match answer {
            Err(errno) if self.refuses_to_send(errno) => {}
            answer => return answer,
        }
        let piece = bytes.get(..self.takes_at_once(bytes.len())?).unwrap_or(bytes);
        retry_on_intr(|| sys::write(self.fd, piece, None))
    }

    /// send(2), of fewer bytes if they are too many at a time.
    pub(crate) fn send(self, mut bytes: &[u8], flags: c_int) -> Result<usize> {
        loop {
            match sys::send(self.fd, bytes, flags) {
                Err(Errno::MSGSIZE) if bytes.len() > 1 && refusal::limits_writes(self.socket()) => {
                    bytes = bytes.get(..bytes.len() / 2).unwrap_or_default();
                }
                answer => return answer,
            }
        }
    }

    /// Whether `errno` says that a send is not available, so that write(2) has to do.
    pub(crate) fn refuses_to_send(self, errno: Errno) -> bool {
        refusal::is_one(self.socket(), errno, &mut || sys::send(self.fd, &[], libc::MSG_DONTWAIT))
    }

    /// splice(2) into a pipe.
    pub(crate) fn splice_into(self, pipe: c_int, len: usize) -> Result<usize> {
        self.ready_to_give()?;
        let (from, to) = (FdAt::own(self.fd), FdAt::own(pipe));
        retry_on_intr(|| sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count())
    }

    /// splice(2) from a pipe. `flags` are SPLICE_F_MORE, or none.
    pub(crate) fn splice_from(self, pipe: c_int, len: usize, flags: c_uint) -> Result<usize> {
        // For a pipe SPLICE_F_NONBLOCK is enough.
        let most = if self.kind == FdKind::Pipe { len } else { self.takes_at_once(len)? };
        if most == 0 {
            return Err(Errno::NOT_MADE);
        }
        // SPLICE_F_MORE would make the socket hold back the bytes it has room for (docs/kernel.md,
        // "SPLICE_F_MORE and MSG_MORE hold the last packet back").
        let flags = if most < len { 0 } else { flags };
        let (from, to) = (FdAt::own(pipe), FdAt::own(self.fd));
        retry_on_intr(|| sys::splice(from, to, most, flags | libc::SPLICE_F_NONBLOCK).count())
    }

    /// What poll(2) reports of it now: of `events`, and of errors.
    #[inline(never)]
    pub(crate) fn poll(self, events: c_short) -> c_short {
        // Without poll(2) (a sandbox) the call itself has to find out.
        readiness::revents(self.fd, events).unwrap_or(events)
    }

    /// Bytes that the kernel reports available without a read. For a socket: 0 or 1.
    pub(crate) fn holds(self) -> Result<usize> {
        match self.kind {
            FdKind::Socket => peek(self.fd),
            // FIONREAD fails on devices other than terminals. (On a pipe it would take the pipe lock;
            // poll(2) does not.)
            FdKind::Char => Ok(sys::fionread(self.fd).unwrap_or(0)),
            _ => Ok(0),
        }
    }

    /// EAGAIN if splice(2) would wait. poll(2) may report a blocking socket for its error queue
    /// alone, so it is judged by `takes`. (A peek would move SO_PEEK_OFF.)
    pub(crate) fn ready_to_give(self) -> Result<()> {
        match self.kind {
            FdKind::Pipe => Ok(()),
            FdKind::Socket if self.blocks => self.takes(self.poll(libc::POLLIN)),
            _ => self.ready(libc::POLLIN),
        }
    }

    /// Fails with EINVAL for descriptors without read(2) (epoll, pidfd), which never become ready.
    /// A read of no bytes finds that out.
    pub(crate) fn can_be_read(self) -> Result<()> {
        match self.kind {
            FdKind::Other if self.is_directory() => Err(Errno(libc::EISDIR)),
            FdKind::Other => match sys::preadv2(self.fd, &mut [], 0) {
                Err(Errno::INVAL) => Err(Errno::INVAL),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// The same for write(2). Ok(false): a write fails at once although poll(2) does not report the
    /// socket ready (it listens): do not wait.
    pub(crate) fn can_be_written(self) -> Result<bool> {
        match self.kind {
            FdKind::Other => match sys::pwritev2(self.fd, &[], 0) {
                Err(Errno::INVAL) => Err(Errno::INVAL),
                _ => Ok(true),
            },
            FdKind::Socket => Ok(sys::getsockopt_int(self.fd, libc::SO_ACCEPTCONN) != Ok(1)),
            _ => Ok(true),
        }
    }

    fn is_directory(self) -> bool {
        sys::fstat(self.fd).is_ok_and(|stat| stat.kind == libc::S_IFDIR)
    }

    /// Whether both are the same socket, or the same descriptor.
    pub(crate) fn is_same(self, other: Endpoint) -> bool {
        let are_sockets = self.kind == FdKind::Socket && other.kind == FdKind::Socket;
        let is_one = || match (sys::fstat(self.fd), sys::fstat(other.fd)) {
            (Ok(a), Ok(b)) => (a.device, a.inode) == (b.device, b.inode),
            _ => false,
        };
        self.fd == other.fd || (are_sockets && is_one())
    }

    /// EAGAIN if the kernel would wait.
    fn ready(self, events: c_short) -> Result<()> {
        if self.blocks && self.poll(events) == 0 {
            return Err(Errno::AGAIN);
        }
        Ok(())
    }

    /// How much of `len` an output takes without blocking; 0: nothing from a pipe. "Would block" if
    /// nothing at all. A terminal is always asked: see `takes`.
    fn takes_at_once(self, len: usize) -> Result<usize> {
        if !self.blocks && self.kind != FdKind::Char {
            return Ok(len);
        }
        let revents = self.poll(libc::POLLOUT);
        match (self.takes(revents), self.blocks) {
            // A connection that is over does not wait: the call says what it died of.
            (Ok(()), true) if revents & libc::POLLHUP == 0 => Ok(len.min(self.room())),
            (Ok(()), _) | (Err(Errno::AGAIN), false) => Ok(len),
            (Err(Errno::AGAIN), true) => match self.unreported_room() {
                0 => Err(Errno::AGAIN),
                room => Ok(len.min(room)),
            },
            (Err(errno), _) => Err(errno),
        }
    }

    /// How much an AF_UNIX socket takes although poll(2) does not report it writable
    /// (docs/kernel.md, "poll(2) hides room of an AF_UNIX socket"). poll(2) wants three quarters of
    /// the buffer free (unix_writable), while send(2) goes on until it is full
    /// (sock_alloc_send_pskb): its reader may be waiting for just that.
    pub(crate) fn unreported_room(self) -> usize {
        if self.kind != FdKind::Socket || self.family() != Family::Local {
            return 0;
        }
        let used = sys::outq(self.fd).unwrap_or(usize::MAX);
        let size = sys::getsockopt_int(self.fd, libc::SO_SNDBUF).unwrap_or(0);
        let room = usize::try_from(size).unwrap_or(0).saturating_sub(used);
        room.saturating_sub(tuning::SOCKET_OVERHEAD)
    }

    /// Judges what poll(2) reports of an output before a write; nothing else does. A socket may
    /// have a pending error, or only an unread error queue (docs/kernel.md, "POLLERR may come from
    /// the error queue"). A terminal that has hung up is EIO: a pty master keeps accepting bytes
    /// after the slave is gone, and then blocks (docs/kernel.md, "A pty master that has hung up
    /// takes bytes for nobody").
    pub(crate) fn takes(self, revents: c_short) -> Result<()> {
        if self.kind == FdKind::Char && revents & libc::POLLHUP != 0 {
            return Err(Errno::IO);
        }
        let is_asked = self.kind == FdKind::Socket && revents == libc::POLLERR;
        match if is_asked { sys::getsockopt_int(self.fd, libc::SO_ERROR) } else { Ok(0) } {
            Ok(0) if is_asked || revents == 0 => Err(Errno::AGAIN),
            Ok(0) | Err(_) => Ok(()),
            Ok(error) => Err(Errno(error)),
        }
    }

    /// The error that an output has died of, from POLLERR, POLLHUP and POLLNVAL. None: it is alive;
    /// POLLERR may come from the error queue of a socket (time stamps, zero-copy notices), and from
    /// whoever serves a file (FUSE).
    pub(crate) fn death(self, revents: c_short) -> Option<Errno> {
        if revents & libc::POLLNVAL != 0 {
            return Some(Errno::BADF);
        }
        let hung_up = revents & libc::POLLHUP != 0;
        match self.kind {
            _ if self.kind.is_file() || (revents & libc::POLLERR == 0 && !hung_up) => None,
            FdKind::Socket => match sys::getsockopt_int(self.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => hung_up.then_some(Errno::PIPE),
                Ok(error) => Some(Errno(error)),
            },
            FdKind::Char => Some(Errno::IO),
            _ => Some(Errno::PIPE),
        }
    }

    /// Whether a write to it fails now, for all that poll(2) tells. The error itself is left to the write, with
    /// the signal that belongs to it. (POLLERR of a socket alone may be its error queue.)
    pub(crate) fn has_died(self) -> bool {
        let fatal = if self.kind == FdKind::Pipe { libc::POLLERR } else { libc::POLLHUP };
        self.poll(0) & fatal != 0
    }

    /// What a TCP connection that has hung up has died of: the error that is pending or, if a call
    /// has already consumed it, ECONNRESET. None: it is not TCP, or was shut down here.
    #[cold]
    pub(crate) fn spent_reset(self) -> Option<Errno> {
        if self.family() != Family::Inet || sys::getpeername(self.fd) != Err(Errno::NOTCONN) {
            return None;
        }
        match sys::getsockopt_int(self.fd, libc::SO_ERROR) {
            Ok(0) | Err(_) => Some(Errno::CONNRESET),
            Ok(error) => Some(Errno(error)),
        }
    }

    /// The error that cut the last call to a TCP connection short. sendfile(2) and splice(2) drop
    /// it if they have moved bytes before it, and the next call would be EPIPE, with SIGPIPE
    /// (docs/kernel.md, "A short splice(2) to a socket may hide an error").
    pub(crate) fn dropped_error(self) -> Option<Errno> {
        match self.kind {
            FdKind::Socket => self.dropped_error_by(self.poll(0)),
            _ => None,
        }
    }

    /// The same, by what poll(2) has reported.
    pub(crate) fn dropped_error_by(self, revents: c_short) -> Option<Errno> {
        match revents & (libc::POLLHUP | libc::POLLERR) {
            _ if self.kind != FdKind::Socket => None,
            0 => None,
            // EPIPE is what the next call says anyway, with the signal that belongs to it.
            _ => self.spent_reset().filter(|&errno| errno != Errno::PIPE),
        }
    }

    /// Whether it is a TCP connection whose bytes are what arrives, and not what a protocol on top of it
    /// (kTLS) makes of that.
    pub(crate) fn is_plain_tcp(self) -> bool {
        self.kind == FdKind::Socket
            && sys::getsockopt_int(self.fd, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_TCP)
            && sys::getsockopt_int_at(self.fd, libc::IPPROTO_TCP, libc::TCP_ULP) == Ok(0)
    }

    fn family(self) -> Family {
        if self.family != Family::Unknown {
            return self.family;
        }
        match sys::getsockopt_int(self.fd, libc::SO_DOMAIN) {
            Ok(libc::AF_UNIX) => Family::Local,
            Ok(libc::AF_INET | libc::AF_INET6) => Family::Inet,
            _ => Family::Other,
        }
    }

    /// Asks a blocking socket for its family, once for all steps. SCTP is none of those whose SO_SNDBUF bounds
    /// what splice(2) waits for (docs/kernel.md, "Some sockets take less than SO_SNDBUF says").
    pub(crate) fn learn_family(&mut self) {
        if self.blocks && self.kind == FdKind::Socket && self.family == Family::Unknown {
            self.family = match sys::getsockopt_int(self.fd, libc::SO_PROTOCOL) {
                Ok(libc::IPPROTO_TCP) => Family::Inet,
                Ok(libc::IPPROTO_SCTP) => Family::Other,
                _ => self.family(),
            };
        }
    }

    /// The least that a read asks for, so that it loses nothing and is not refused: a packet of a pipe is no
    /// longer (docs/kernel.md, "A read that ends inside a packet of a pipe loses the rest"), and devices
    /// such as eventfd(2) give whole records.
    pub(crate) const fn least_read(self) -> usize {
        match self.kind {
            FdKind::Pipe | FdKind::Other => libc::PIPE_BUF,
            _ => 1,
        }
    }

    /// The share of its send buffer that a socket has free when poll(2) calls it writable. Of anything
    /// else, and where that is not told: as much as there may be.
    pub(crate) fn share(self) -> usize {
        match self.kind {
            FdKind::Socket => sys::getsockopt_int(self.fd, libc::SO_SNDBUF)
                .map_or(usize::MAX, |size| size as usize / tuning::SOCKET_SHARE),
            _ => usize::MAX,
        }
    }

    /// What an output that poll(2) calls writable takes without blocking; 0: nothing from a pipe. A
    /// socket has a share of its send buffer free then (docs/kernel.md, "poll(2) calls a socket
    /// writable before it takes much"), if it is of a family whose SO_SNDBUF bounds it
    /// (docs/kernel.md, "Some sockets take less than SO_SNDBUF says"). A pipe has one page, a
    /// terminal any room at all: that comes in pieces of 256 bytes (tty_buffer_alloc), but if it
    /// makes two bytes of a newline it asks for room anew after each. Other devices do not block.
    pub(crate) fn room(self) -> usize {
        match self.kind {
            FdKind::Socket if self.family() == Family::Other => 0,
            FdKind::Socket => match self.share() {
                ..tuning::SOCKET_LEAST => 0,
                share => share,
            },
            FdKind::Pipe => libc::PIPE_BUF,
            FdKind::Char => match sys::terminal_processes(self.fd) {
                Some(true) if !sys::is_master(self.fd) => 1,
                Some(_) => tuning::TERMINAL_PIECE,
                None => usize::MAX,
            },
            _ => usize::MAX,
        }
    }
}

/// Looks for a byte in a socket without taking it. A peek would move SO_PEEK_OFF, so a socket that has
/// one is asked for the count of its bytes instead (socket(7)).
pub(crate) fn peek(fd: c_int) -> Result<usize> {
    if sys::getsockopt_int(fd, libc::SO_PEEK_OFF).is_ok_and(|offset| offset >= 0) {
        match sys::fionread(fd) {
            Ok(1..) => return Ok(1),
            _ if readiness::revents(fd, libc::POLLRDHUP).is_ok_and(|revents| revents == 0) => {
                return Err(Errno::AGAIN)
            }
            // It has ended or failed: nothing is there that a peek could move past.
            _ => {}
        }
    }
    retry_on_intr(|| sys::recv(fd, &mut [0], libc::MSG_PEEK | libc::MSG_DONTWAIT))
}

/// No call reads or writes a device without waiting and without changing its flags, as recv(2) does
/// for a socket and RWF_NOWAIT for a pipe (Linux 6.4; not for a FIFO, nor after splice(2)). So
/// poll(2) is used, although another reader may be faster (docs/kernel.md, "RWF_NOWAIT on pipes").
const NOT_AT_ONCE: Result<usize> = Err(Errno::NOSYS);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_is_not_open_dies() {
        for kind in [FdKind::File, FdKind::Block] {
            let file = Endpoint::new(-1, kind, false);
            assert_eq!(file.death(libc::POLLERR | libc::POLLHUP), None);
            assert_eq!(file.death(libc::POLLNVAL), Some(Errno::BADF));
        }
    }

    #[test]
    fn sockets_that_nothing_is_known_of_are_not_the_same() {
        let [one, other] = [-1, -2].map(|fd| Endpoint::new(fd, FdKind::Socket, false));
        assert!(!one.is_same(other));
        assert!(one.is_same(one));
    }
}
