//! Refusals and failures.

use crate::errno::Errno;

/// What an error of a mechanism means.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) enum Fate {
    Interrupted,
    Blocked,
    /// The data path failed: no other mechanism would do better.
    Failed,
    /// It cannot do this. If the fault lies deeper, read and write will say so.
    Refused,
}

impl Fate {
    #[inline(never)] // a table, wherever it stands
    pub(crate) fn of(errno: Errno) -> Fate {
        match errno.0 {
            libc::EINTR => Fate::Interrupted,
            libc::EAGAIN => Fate::Blocked,
            libc::EIO
            | libc::ENOSPC
            | libc::EDQUOT
            | libc::EFBIG
            | libc::EROFS
            | libc::ENOMEM
            | libc::ENOBUFS
            | libc::ENODEV
            | libc::ENXIO
            | libc::ESTALE
            | libc::EUCLEAN
            | libc::EBADMSG
            | libc::EREMOTEIO
            | libc::EPIPE
            | libc::ECONNRESET
            | libc::ECONNABORTED
            | libc::ECONNREFUSED
            | libc::ENOTCONN
            | libc::ETIMEDOUT
            | libc::EHOSTUNREACH
            | libc::EHOSTDOWN
            | libc::ENETUNREACH
            | libc::ENETDOWN
            | libc::ENETRESET
            // What else ICMP may tell of a connection.
            | libc::ENOPROTOOPT
            | libc::ENONET
            | libc::EPROTO
            | libc::EMSGSIZE => Fate::Failed,
            _ => Fate::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_of_the_data_path_is_taken_for_a_refusal() {
        let data = [libc::EIO, libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EPIPE];
        assert!(data.iter().all(|&number| Fate::of(Errno(number)) == Fate::Failed));
        assert_eq!(Fate::of(Errno(libc::ECONNRESET)), Fate::Failed);
        assert_eq!(Fate::of(Errno(libc::ENOMEM)), Fate::Failed);
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
        assert!(declined.iter().all(|&number| Fate::of(Errno(number)) == Fate::Refused));
        assert_eq!(Fate::of(Errno::INTR), Fate::Interrupted);
        assert_eq!(Fate::of(Errno::AGAIN), Fate::Blocked);
    }
}
