// SPDX-License-Identifier: MIT OR Apache-2.0

//! errno as a value. The only place where the variable itself is read or written.

use core::ffi::c_int;

/// Why a system call, or one of ours, failed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Errno(pub(crate) c_int);

/// What a system call came to.
pub(crate) type Result<T, E = Errno> = core::result::Result<T, E>;

impl Errno {
    /// No error.
    pub(crate) const NONE: Errno = Errno(0);

    pub(crate) const AGAIN: Errno = Errno(libc::EAGAIN);
    pub(crate) const BADF: Errno = Errno(libc::EBADF);
    pub(crate) const CANCELED: Errno = Errno(libc::ECANCELED);
    pub(crate) const CONNRESET: Errno = Errno(libc::ECONNRESET);
    pub(crate) const DQUOT: Errno = Errno(libc::EDQUOT);
    pub(crate) const FAULT: Errno = Errno(libc::EFAULT);
    pub(crate) const FBIG: Errno = Errno(libc::EFBIG);
    pub(crate) const INTR: Errno = Errno(libc::EINTR);
    pub(crate) const INVAL: Errno = Errno(libc::EINVAL);
    pub(crate) const IO: Errno = Errno(libc::EIO);
    pub(crate) const MSGSIZE: Errno = Errno(libc::EMSGSIZE);
    pub(crate) const NOMEM: Errno = Errno(libc::ENOMEM);
    pub(crate) const NOSPC: Errno = Errno(libc::ENOSPC);
    pub(crate) const NOSYS: Errno = Errno(libc::ENOSYS);
    pub(crate) const NOTCONN: Errno = Errno(libc::ENOTCONN);
    pub(crate) const NXIO: Errno = Errno(libc::ENXIO);
    pub(crate) const OPNOTSUPP: Errno = Errno(libc::EOPNOTSUPP);
    pub(crate) const PERM: Errno = Errno(libc::EPERM);
    pub(crate) const PIPE: Errno = Errno(libc::EPIPE);
    pub(crate) const PROTOTYPE: Errno = Errno(libc::EPROTOTYPE);
    pub(crate) const SPIPE: Errno = Errno(libc::ESPIPE);
    pub(crate) const TIMEDOUT: Errno = Errno(libc::ETIMEDOUT);
    pub(crate) const TOOBIG: Errno = Errno(libc::E2BIG);

    /// Of a call that was not made, since it would have waited: a refusal by us. (No system call fails so.)
    pub(crate) const NOT_MADE: Errno = Errno(0);

    /// The one that the system call which has just failed left behind.
    pub(crate) fn last() -> Errno {
        Errno(::errno::errno().0)
    }

    fn set(self) {
        ::errno::set_errno(::errno::Errno(self.0));
    }
}

/// What an error of a mechanism (a call that moves bytes) means for the transfer.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Class {
    /// A signal arrived before anything moved: make the call again.
    Interrupted,
    /// Would block: wait for the side that is not ready.
    WouldBlock,
    /// The mechanism cannot do this: use the next one. If the fault lies deeper, read(2) and write(2)
    /// meet it too, and then it is reported.
    Unsupported,
    /// The data path failed: no other mechanism would do better.
    Failed,
}

/// Where an error comes from when one call touches both sides.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Origin {
    /// The errno does not say.
    Unknown,
    /// The arguments.
    Call,
    /// Only a write says this.
    Output,
    /// Only a socket says this.
    Socket,
    /// A socket says this, and a file of a network file system does, too.
    SocketOrFile,
}

impl Errno {
    /// The one table of what an error of a mechanism means. A number that it does not name is a
    /// refusal of unknown origin (docs/kernel.md, "A sandbox refuses single calls", "Which pairs
    /// splice(2) and sendfile(2) refuse").
    #[inline(never)] // one table, not one at each call
    fn meaning(self) -> (Class, Origin) {
        use Class::{Failed, Interrupted, Unsupported, WouldBlock};
        use Origin::{Call, Output, Socket, SocketOrFile, Unknown};
        match self.0 {
            libc::EINTR => (Interrupted, Unknown),
            libc::EAGAIN => (WouldBlock, Unknown),

            // Storage: full, over quota, beyond RLIMIT_FSIZE or the file system's largest file, mounted
            // read-only meanwhile (write(2)).
            libc::ENOSPC | libc::EDQUOT | libc::EFBIG | libc::EROFS => (Failed, Output),
            // The device, the file system's own structures (ext4 and xfs: EFSCORRUPTED is EUCLEAN,
            // EFSBADCRC is EBADMSG), a device that is gone, a server that no longer knows the file.
            libc::EIO
            | libc::EUCLEAN
            | libc::EBADMSG
            | libc::EREMOTEIO
            | libc::ENODEV
            | libc::ENXIO
            | libc::ESTALE => (Failed, Unknown),
            // The kernel's memory: read(2) and write(2) need it, too.
            libc::ENOMEM | libc::ENOBUFS => (Failed, Unknown),

            // Nobody reads what is written (pipe(7)), or the socket has been shut down (send(2)).
            libc::EPIPE => (Failed, Output),
            // tcp(7): the peer has sent a reset.
            libc::ECONNRESET => (Failed, Socket),
            // What else a connection dies of: keep-alive, retransmission, ICMP (ip(7), icmp(7)).
            libc::ECONNABORTED
            | libc::ECONNREFUSED
            | libc::ENOTCONN
            | libc::ETIMEDOUT
            | libc::EHOSTUNREACH
            | libc::EHOSTDOWN
            | libc::ENETUNREACH
            | libc::ENETDOWN
            | libc::ENOPROTOOPT
            | libc::ENONET
            | libc::EPROTO
            | libc::EMSGSIZE => (Failed, SocketOrFile),
            libc::ENETRESET => (Failed, Unknown),

            libc::EBADF | libc::EFAULT | libc::ESPIPE | libc::EOVERFLOW => (Unsupported, Call),
            _ => (Unsupported, Unknown),
        }
    }

    /// What to do about an error of a mechanism.
    pub(crate) fn class(self) -> Class {
        self.meaning().0
    }

    /// Which side an error of a call that touches both comes from.
    #[cold]
    pub(crate) fn origin(self) -> Origin {
        self.meaning().1
    }

    /// Whether a system call, or a flag of it, is not available: here (ENOSYS; EPERM of a sandbox) or
    /// for this descriptor (EOPNOTSUPP, EINVAL). Another call can do the same.
    pub(crate) const fn is_unavailable(self) -> bool {
        matches!(self.0, libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM | libc::EINVAL)
    }

    /// Whether a call that only looks at the input could not look, so that it says nothing about the
    /// input: not available, or not for this kind of descriptor.
    pub(crate) const fn is_no_answer(self) -> bool {
        self.is_unavailable()
            || matches!(self.0, libc::ESPIPE | libc::EISDIR | libc::EBADF | libc::ENOTSOCK)
    }

    /// Whether a connection that has reported this is dead, in both directions. EPIPE follows a
    /// shutdown(2) of one direction, a lack of memory passes, and the rest is about the call.
    pub(crate) const fn kills_connection(self) -> bool {
        !matches!(
            self.0,
            libc::EPIPE
                | libc::ENOMEM
                | libc::ENOBUFS
                | libc::EAGAIN
                | libc::EINTR
                | libc::EBADF
                | libc::EINVAL
                | libc::EFAULT
                | libc::EPERM
                | libc::ENOSYS
        )
    }
}

/// Remembers the caller's errno. An exported function calls this before anything that could change it.
pub(crate) fn save() -> SavedErrno {
    SavedErrno(Errno::last())
}

/// The caller's errno, as it was when the exported function was entered.
#[must_use]
#[derive(Clone, Copy)]
pub(crate) struct SavedErrno(Errno);

impl SavedErrno {
    /// The return value for C: the value with errno restored, or -1 with errno set.
    pub(crate) fn to_c<T: From<i8>>(self, outcome: Result<T>) -> T {
        self.to_c_or(T::from(-1), outcome)
    }

    /// As `to_c`, for a function that returns `failed` instead of -1.
    pub(crate) fn to_c_or<T>(self, failed: T, outcome: Result<T>) -> T {
        match outcome {
            Ok(value) => {
                self.restore();
                value
            }
            Err(errno) => {
                errno.set();
                failed
            }
        }
    }

    /// Restores errno, for a function that cannot fail.
    pub(crate) fn restore(self) {
        self.0.set();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Errno {
        /// Does what a system call that fails does.
        pub(crate) fn leave_behind(self) -> core::ffi::c_long {
            self.set();
            -1
        }
    }

    #[test]
    fn a_success_restores_errno() {
        Errno::INTR.set();
        let saved = save();
        Errno::AGAIN.set();
        assert_eq!((saved.to_c(Ok(7_i64)), Errno::last()), (7, Errno::INTR));
    }

    #[test]
    fn a_failure_sets_the_error_that_decided() {
        let saved = save();
        Errno::AGAIN.set();
        assert_eq!((saved.to_c::<i64>(Err(Errno::INVAL)), Errno::last()), (-1, Errno::INVAL));
    }

    #[test]
    fn no_error_of_the_data_path_is_taken_for_a_refusal() {
        let data = [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EPIPE];
        assert!(data.iter().all(|&number| Errno(number).class() == Class::Failed));
        assert_eq!(Errno(libc::ECONNRESET).class(), Class::Failed);
        assert_eq!(Errno(libc::ENETRESET).class(), Class::Failed);
        assert_eq!(Errno::NOMEM.class(), Class::Failed);
    }

    #[test]
    fn whatever_else_the_kernel_says_is_a_refusal() {
        let declined = [
            libc::EINVAL,
            libc::ENOSYS,
            libc::EPERM,
            libc::EACCES,
            libc::EXDEV,
            libc::EOPNOTSUPP,
            libc::ENOTTY,
            libc::EBADF,
            libc::ETXTBSY,
            libc::ENOENT,
            libc::EOVERFLOW,
        ];
        assert!(declined.iter().all(|&number| Errno(number).class() == Class::Unsupported));
        assert_eq!(Errno::INTR.class(), Class::Interrupted);
        assert_eq!(Errno::AGAIN.class(), Class::WouldBlock);
    }
}
