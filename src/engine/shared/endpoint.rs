// SPDX-License-Identifier: MIT OR Apache-2.0

//! One end of a transfer that never blocks, whatever the flags of its descriptor.

use super::tuning;
use super::{readiness, retry_on_intr};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt, Poll};
use core::ffi::{c_int, c_short, c_uint};

/// What is at a descriptor, as far as mechanisms care.
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
    /// Of a file's type, S_IF….
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

    /// What can be read again at the same place, and is always ready.
    pub(crate) const fn is_file(self) -> bool {
        matches!(self, FdKind::File | FdKind::Block)
    }
}

/// A descriptor, and what is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) fd: c_int,
    pub(crate) kind: FdKind,
    /// Whether the kernel would wait for it: a stream without O_NONBLOCK.
    pub(crate) blocks: bool,
}

impl Endpoint {
    /// A stream or a file to read from. EBADF: it is open for writing only.
    pub(crate) fn input(fd: c_int) -> Result<Endpoint> {
        Endpoint::open(fd, libc::O_WRONLY)
    }

    /// A stream or a file to write to. EBADF: it is open for reading only.
    pub(crate) fn output(fd: c_int) -> Result<Endpoint> {
        Endpoint::open(fd, libc::O_RDONLY)
    }

    /// A descriptor that must not be open in the access mode `wrong`.
    fn open(fd: c_int, wrong: c_int) -> Result<Endpoint> {
        let kind = FdKind::of(sys::fstat(fd)?.kind);
        let flags = sys::status_flags(fd);
        if flags.is_ok_and(|flags| flags & libc::O_PATH != 0 || flags & libc::O_ACCMODE == wrong) {
            return Err(Errno::BADF);
        }
        // If fcntl(2) is refused (a sandbox) it is taken for blocking.
        let blocks = !kind.is_file() && flags.unwrap_or(0) & libc::O_NONBLOCK == 0;
        Endpoint { fd, kind, blocks }.stream()
    }

    /// EPROTOTYPE: a socket that is no stream. splice(2) cuts and merges messages.
    pub(crate) fn stream(self) -> Result<Endpoint> {
        match self.kind {
            FdKind::Socket => match sys::getsockopt_int(self.fd, libc::SO_TYPE) {
                // Where that is not to be learned, it is taken for one.
                Ok(libc::SOCK_STREAM) | Err(_) => Ok(self),
                Ok(_) => Err(Errno::PROTOTYPE),
            },
            _ => Ok(self),
        }
    }

    pub(crate) const fn readable(self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(crate) const fn writable(self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }

    #[inline(never)]
    pub(crate) fn read(self, into: &mut [u8]) -> Result<usize> {
        let answer = match self.kind {
            FdKind::Socket => retry_on_intr(|| sys::recv(self.fd, into, libc::MSG_DONTWAIT)),
            FdKind::Pipe if self.blocks => {
                retry_on_intr(|| sys::preadv2(self.fd, into, libc::RWF_NOWAIT))
            }
            _ => NOT_AT_ONCE,
        };
        if !answer.is_err_and(Errno::is_unavailable) {
            return answer;
        }
        self.ready(libc::POLLIN)?;
        retry_on_intr(|| sys::read(self.fd, into, None))
    }

    /// `flags` are those of send(2), which pipes and others do not have.
    #[inline(never)]
    pub(crate) fn write(self, bytes: &[u8], flags: c_int) -> Result<usize> {
        let at_once = flags | libc::MSG_DONTWAIT;
        let answer = match self.kind {
            FdKind::Socket => retry_on_intr(|| sys::send(self.fd, bytes, at_once)),
            FdKind::Pipe if self.blocks => {
                retry_on_intr(|| sys::pwritev2(self.fd, bytes, libc::RWF_NOWAIT))
            }
            _ => NOT_AT_ONCE,
        };
        if !answer.is_err_and(Errno::is_unavailable) {
            return answer;
        }
        self.ready_to_take()?;
        let piece = bytes.get(..self.most(bytes.len())).unwrap_or(bytes);
        retry_on_intr(|| sys::write(self.fd, piece, None))
    }

    /// splice(2) into a pipe.
    pub(crate) fn splice_into(self, pipe: c_int, len: usize) -> Result<usize> {
        self.ready_to_give()?;
        let (from, to) = (FdAt::own(self.fd), FdAt::own(pipe));
        retry_on_intr(|| sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count())
    }

    /// splice(2) from a pipe. `flags` are SPLICE_F_MORE, or none.
    pub(crate) fn splice_from(self, pipe: c_int, len: usize, flags: c_uint) -> Result<usize> {
        let mut most = len;
        if self.kind != FdKind::Pipe {
            self.ready_to_take()?;
            most = self.most(len);
        }
        if most == 0 {
            return Err(Errno::INVAL);
        }
        // Held back would be what it has room for.
        let flags = if most < len { 0 } else { flags };
        let (from, to) = (FdAt::own(pipe), FdAt::own(self.fd));
        retry_on_intr(|| sys::splice(from, to, most, flags | libc::SPLICE_F_NONBLOCK).count())
    }

    /// What poll(2) says of it at once: of `events`, and of errors.
    #[inline(never)]
    pub(crate) fn poll(self, events: c_short) -> c_short {
        // Without poll(2) (a sandbox) nothing is known, and the call itself has to find out.
        readiness::revents(self.fd, events).unwrap_or(events)
    }

    /// How many bytes there are at once, as far as anybody tells but by reading them. Of a socket no more
    /// than whether there are any.
    pub(crate) fn holds(self) -> Result<usize> {
        match self.kind {
            FdKind::Socket => peek(self.fd),
            // What is no terminal does not know. (Of a pipe poll(2) tells all, and this would wait for its
            // lock.)
            FdKind::Char => Ok(sys::fionread(self.fd).unwrap_or(0)),
            _ => Ok(0),
        }
    }

    /// "Would block" if splice(2) would wait instead of saying so. What poll(2) reports of a blocking socket
    /// may be no more than its error queue, as of an output. (A peek would move SO_PEEK_OFF.)
    pub(crate) fn ready_to_give(self) -> Result<()> {
        match self.kind {
            FdKind::Pipe => Ok(()),
            FdKind::Socket if self.blocks => self.takes(self.poll(libc::POLLIN)),
            _ => self.ready(libc::POLLIN),
        }
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

    /// "Would block", where the kernel would wait instead of saying so.
    fn ready(self, events: c_short) -> Result<()> {
        if self.blocks && self.poll(events) == 0 {
            return Err(Errno::AGAIN);
        }
        Ok(())
    }

    /// Likewise of an output; and a terminal that has hung up is EIO, though a master takes bytes for
    /// nobody without end (Linux 6.18).
    fn ready_to_take(self) -> Result<()> {
        if self.kind != FdKind::Char {
            return match if self.blocks { self.takes(self.poll(libc::POLLOUT)) } else { Ok(()) } {
                Err(Errno::AGAIN) if self.has_unreported_room() => Ok(()),
                answer => answer,
            };
        }
        match self.poll(libc::POLLOUT) {
            0 if self.blocks => Err(Errno::AGAIN),
            events if events & libc::POLLHUP != 0 => Err(Errno::IO),
            _ => Ok(()),
        }
    }

    /// Whether an AF_UNIX socket takes more though poll(2) may not say so. That reports it writable with
    /// three quarters of the buffer free (unix_writable), while send(2) goes on until it is full
    /// (sock_alloc_send_pskb): its reader may be waiting for just that. With half of it free a quarter
    /// (`writable_now`) goes without blocking, in however many packets splice(2) makes of it.
    fn has_unreported_room(self) -> bool {
        self.kind == FdKind::Socket
            && sys::getsockopt_int(self.fd, libc::SO_DOMAIN) == Ok(libc::AF_UNIX)
            && match (sys::outq(self.fd), sys::getsockopt_int(self.fd, libc::SO_SNDBUF)) {
                (Ok(used), Ok(size)) => used <= usize::try_from(size).unwrap_or(0) / 2,
                _ => false,
            }
    }

    /// What `events` of an output mean. A socket may have an error to tell, or only something in its
    /// queue of errors (MSG_ERRQUEUE).
    pub(crate) fn takes(self, events: c_short) -> Result<()> {
        let is_telling = self.kind == FdKind::Socket && events == libc::POLLERR;
        match if is_telling { sys::getsockopt_int(self.fd, libc::SO_ERROR) } else { Ok(0) } {
            Ok(0) if is_telling || events == 0 => Err(Errno::AGAIN),
            Ok(0) | Err(_) => Ok(()),
            Ok(told) => Err(Errno(told)),
        }
    }

    /// What an output has died of, by what poll(2) reports although nothing was asked of it. None: it is
    /// alive; POLLERR may come from the error queue of a socket (time stamps, zero-copy notices).
    pub(crate) fn death(self, revents: c_short) -> Option<Errno> {
        if revents & libc::POLLNVAL != 0 {
            return Some(Errno::BADF);
        }
        let hung_up = revents & libc::POLLHUP != 0;
        match self.kind {
            _ if revents & libc::POLLERR == 0 && !hung_up => None,
            FdKind::File | FdKind::Block => None,
            FdKind::Socket => match sys::getsockopt_int(self.fd, libc::SO_ERROR) {
                Ok(0) | Err(_) => hung_up.then_some(Errno::PIPE),
                Ok(error) => Some(Errno(error)),
            },
            FdKind::Char => Some(Errno::IO),
            FdKind::Pipe | FdKind::Other => Some(Errno::PIPE),
        }
    }

    /// What a TCP connection that has hung up has died of: the error that is pending or, if a call has
    /// spent it, ECONNRESET. None: it is not TCP, or was shut down here.
    #[cold]
    pub(crate) fn spent_reset(self) -> Option<Errno> {
        let domain = sys::getsockopt_int(self.fd, libc::SO_DOMAIN);
        let is_tcp = domain == Ok(libc::AF_INET) || domain == Ok(libc::AF_INET6);
        if !is_tcp || sys::getpeername(self.fd) != Err(Errno::NOTCONN) {
            return None;
        }
        match sys::getsockopt_int(self.fd, libc::SO_ERROR) {
            Ok(0) | Err(_) => Some(Errno::CONNRESET),
            Ok(error) => Some(Errno(error)),
        }
    }

    /// How much of `len` it takes without blocking.
    fn most(self, len: usize) -> usize {
        if self.blocks {
            len.min(self.room())
        } else {
            len
        }
    }

    /// What an output that poll(2) calls writable takes without blocking. A socket is called so with
    /// a third of its send buffer free (a small one takes nothing from a pipe: what it is charged for a
    /// page with one byte in it may be more than all it has), a pipe with one page, a terminal with any
    /// room at all: that comes in pieces of 256 bytes (tty_buffer_alloc), but where it makes two bytes of
    /// a newline it asks for room anew after each. Other devices do not block.
    pub(crate) fn room(self) -> usize {
        match self.kind {
            FdKind::Socket => {
                let buffer = sys::getsockopt_int(self.fd, libc::SO_SNDBUF).unwrap_or(0);
                match usize::try_from(buffer).unwrap_or(0) / tuning::SOCKET_SHARE {
                    ..tuning::SOCKET_LEAST => 0,
                    room => room,
                }
            }
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

/// Looks for a byte in a socket, without taking it.
pub(crate) fn peek(fd: c_int) -> Result<usize> {
    retry_on_intr(|| sys::recv(fd, &mut [0], libc::MSG_PEEK | libc::MSG_DONTWAIT))
}

/// There is no call that takes or gives at once what there is and leaves the flags of the descriptor
/// alone, as recv(2) does of a socket and RWF_NOWAIT of a pipe (Linux 6.4; not of a FIFO, nor of what
/// splice(2) has been used on). What poll(2) says has to do, though between the two somebody else may be
/// faster.
const NOT_AT_ONCE: Result<usize> = Err(Errno::NOSYS);
