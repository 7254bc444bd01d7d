//! One end of a transfer that never blocks, whatever the flags of its descriptor.

use crate::errno::{Errno, Result};
use crate::sys::{self, End, Poll};
use core::ffi::{c_int, c_short};

/// What is at a descriptor, as far as mechanisms care.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Kind {
    File,
    Block,
    Char,
    Pipe,
    Socket,
    Other,
}

impl Kind {
    /// Of a file's type, S_IF….
    pub(super) const fn of(file_type: libc::mode_t) -> Kind {
        match file_type {
            libc::S_IFREG => Kind::File,
            libc::S_IFBLK => Kind::Block,
            libc::S_IFCHR => Kind::Char,
            libc::S_IFIFO => Kind::Pipe,
            libc::S_IFSOCK => Kind::Socket,
            _ => Kind::Other,
        }
    }

    /// What can be read again at the same place, and is always ready.
    pub(super) const fn is_file(self) -> bool {
        matches!(self, Kind::File | Kind::Block)
    }
}

/// A descriptor, and what is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Port {
    pub(super) fd: c_int,
    pub(super) kind: Kind,
    /// Whether the kernel would wait for it: a stream without O_NONBLOCK.
    pub(super) blocks: bool,
}

impl Port {
    /// EPROTOTYPE: a socket that is no stream. splice(2) cuts and merges messages.
    pub(super) fn new(fd: c_int) -> Result<Port> {
        let kind = Kind::of(sys::fstat(fd)?.kind);
        let blocks = !kind.is_file() && sys::status_flags(fd)? & libc::O_NONBLOCK == 0;
        if kind == Kind::Socket && sys::getsockopt_int(fd, libc::SO_TYPE)? != libc::SOCK_STREAM {
            return Err(Errno::PROTOTYPE);
        }
        Ok(Port { fd, kind, blocks })
    }

    pub(super) const fn readable(self) -> Poll {
        sys::interest(self.fd, libc::POLLIN)
    }

    pub(super) const fn writable(self) -> Poll {
        sys::interest(self.fd, libc::POLLOUT)
    }

    #[inline(never)]
    pub(super) fn read(self, into: &mut [u8]) -> Result<usize> {
        if self.kind == Kind::Socket {
            return again(|| sys::recv(self.fd, into, libc::MSG_DONTWAIT));
        }
        self.ready(libc::POLLIN)?;
        again(|| sys::read(self.fd, into, None))
    }

    /// `flags` are those of send(2), which pipes and others do not have.
    #[inline(never)]
    pub(super) fn write(self, bytes: &[u8], flags: c_int) -> Result<usize> {
        if self.kind == Kind::Socket {
            return again(|| sys::send(self.fd, bytes, flags | libc::MSG_DONTWAIT));
        }
        self.ready_to_take()?;
        let piece = bytes.get(..self.most(bytes.len())).unwrap_or(bytes);
        again(|| sys::write(self.fd, piece, None))
    }

    /// splice(2) into a pipe.
    pub(super) fn splice_into(self, pipe: c_int, len: usize) -> Result<usize> {
        self.ready_to_give()?;
        let (from, to) = (End::own(self.fd), End::own(pipe));
        again(|| sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count())
    }

    /// splice(2) from a pipe.
    pub(super) fn splice_from(self, pipe: c_int, len: usize) -> Result<usize> {
        let mut len = len;
        if self.kind != Kind::Pipe {
            self.ready_to_take()?;
            len = self.most(len);
        }
        if len == 0 {
            return Err(Errno::INVAL);
        }
        let (from, to) = (End::own(pipe), End::own(self.fd));
        again(|| sys::splice(from, to, len, libc::SPLICE_F_NONBLOCK).count())
    }

    /// What poll(2) says of it at once: of `events`, and of errors.
    #[inline(never)]
    pub(super) fn poll(self, events: c_short) -> c_short {
        let mut fds = [sys::interest(self.fd, events)];
        // Where poll(2) is refused nothing is known.
        match again(|| sys::poll(&mut fds, Some(0))) {
            Ok(_) => {
                let [poll] = fds;
                poll.revents
            }
            Err(_) => 0,
        }
    }

    /// "Would block", where splice(2) would wait instead of saying so. A blocking socket is asked itself:
    /// what poll(2) says may be no more than that there is something in its error queue.
    pub(super) fn ready_to_give(self) -> Result<()> {
        match self.kind {
            Kind::Pipe => Ok(()),
            Kind::Socket if self.blocks => {
                let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
                again(|| sys::recv(self.fd, &mut [0], flags)).map(drop)
            }
            _ => self.ready(libc::POLLIN),
        }
    }

    /// Whether both are the same socket, or the same descriptor.
    pub(super) fn is_same(self, other: Port) -> bool {
        let are_sockets = self.kind == Kind::Socket && other.kind == Kind::Socket;
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
        if self.kind != Kind::Char {
            return self.ready(libc::POLLOUT);
        }
        match self.poll(libc::POLLOUT) {
            0 if self.blocks => Err(Errno::AGAIN),
            events if events & libc::POLLHUP != 0 => Err(Errno::IO),
            _ => Ok(()),
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
    /// a third of its send buffer free (a small one takes nothing from a pipe: what it is charged for
    /// a page with one byte in it may be more than all it has), a pipe with one page, a terminal with any room at all: that
    /// comes in pieces of 256 bytes (tty_buffer_alloc), but where it makes two bytes of a newline it
    /// asks for room anew after each. Other devices do not block.
    pub(super) fn room(self) -> usize {
        const PIECE: usize = 256;
        const SMALLEST: usize = 3 << 10;
        match self.kind {
            Kind::Socket => {
                let buffer = sys::getsockopt_int(self.fd, libc::SO_SNDBUF).unwrap_or(0);
                match usize::try_from(buffer).unwrap_or(0) / 4 {
                    ..SMALLEST => 0,
                    room => room,
                }
            }
            Kind::Pipe => libc::PIPE_BUF,
            Kind::Char => match sys::terminal_processes(self.fd) {
                Some(true) => 1,
                Some(false) => PIECE,
                None => usize::MAX,
            },
            _ => usize::MAX,
        }
    }
}

/// Makes a call that does not wait again for as long as it is interrupted.
pub(super) fn again<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            answer => return answer,
        }
    }
}
