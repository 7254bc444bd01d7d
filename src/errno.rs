//! errno as a value. The only place where the variable itself is read or written.

use core::ffi::c_int;

/// Why a system call, or one of ours, failed.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Errno(pub(crate) c_int);

/// What a system call came to.
pub(crate) type Result<T> = core::result::Result<T, Errno>;

impl Errno {
    pub(crate) const AGAIN: Errno = Errno(libc::EAGAIN);
    pub(crate) const BADF: Errno = Errno(libc::EBADF);
    pub(crate) const CANCELED: Errno = Errno(libc::ECANCELED);
    pub(crate) const FAULT: Errno = Errno(libc::EFAULT);
    pub(crate) const FBIG: Errno = Errno(libc::EFBIG);
    pub(crate) const INTR: Errno = Errno(libc::EINTR);
    pub(crate) const INVAL: Errno = Errno(libc::EINVAL);
    pub(crate) const IO: Errno = Errno(libc::EIO);
    pub(crate) const ISDIR: Errno = Errno(libc::EISDIR);
    pub(crate) const NOMEM: Errno = Errno(libc::ENOMEM);
    #[cfg(test)]
    pub(crate) const NOSPC: Errno = Errno(libc::ENOSPC);
    pub(crate) const NOSYS: Errno = Errno(libc::ENOSYS);
    pub(crate) const NOTCONN: Errno = Errno(libc::ENOTCONN);
    pub(crate) const NOTSOCK: Errno = Errno(libc::ENOTSOCK);
    pub(crate) const NXIO: Errno = Errno(libc::ENXIO);
    pub(crate) const OPNOTSUPP: Errno = Errno(libc::EOPNOTSUPP);
    pub(crate) const PERM: Errno = Errno(libc::EPERM);
    pub(crate) const PIPE: Errno = Errno(libc::EPIPE);
    pub(crate) const PROTOTYPE: Errno = Errno(libc::EPROTOTYPE);
    pub(crate) const SPIPE: Errno = Errno(libc::ESPIPE);
    pub(crate) const TIMEDOUT: Errno = Errno(libc::ETIMEDOUT);
    pub(crate) const TOOBIG: Errno = Errno(libc::E2BIG);

    /// The one that the system call which has just failed left behind.
    pub(crate) fn last() -> Errno {
        Errno(::errno::errno().0)
    }

    fn set(self) {
        ::errno::set_errno(::errno::Errno(self.0));
    }
}

/// What C gets to see of `work`: its value with errno as it was before, whatever failed on the
/// way, or -1 with errno set.
pub(crate) fn answer<T: From<i8>>(work: impl FnOnce() -> Result<T>) -> T {
    answer_or(T::from(-1), work)
}

/// Likewise, where a failure is told by another value than -1.
pub(crate) fn answer_or<T>(failed: T, work: impl FnOnce() -> Result<T>) -> T {
    let before = Errno::last();
    match work() {
        Ok(value) => {
            before.set();
            value
        }
        Err(errno) => {
            errno.set();
            failed
        }
    }
}

/// Runs what cannot fail, with errno as it was before.
pub(crate) fn preserved(work: impl FnOnce()) {
    answer_or((), || {
        work();
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_restores_errno() {
        Errno::INTR.set();
        let value = answer(|| {
            Errno::AGAIN.set();
            Ok(7_i64)
        });
        assert_eq!((value, Errno::last()), (7, Errno::INTR));
    }

    #[test]
    fn a_failure_sets_the_error_that_decided() {
        let value: i64 = answer(|| {
            Errno::AGAIN.set();
            Err(Errno::INVAL)
        });
        assert_eq!((value, Errno::last()), (-1, Errno::INVAL));
    }
}
