// SPDX-License-Identifier: MIT OR Apache-2.0

//! Whether an errno is a refusal of the mechanism, or what a connection has died of. Any errno can be that (a
//! route that is prohibited, an ICMP message), and a connection reports it once (docs/kernel.md, "Any errno
//! can be that of a connection"). A refusal is repeated.

use super::outcome::Answer;
use super::{readiness, sigpipe};
use crate::errno::{Errno, Result};
use crate::sys::{self, FdAt};
use core::ffi::c_int;

/// What `call` came to, which takes bytes from `socket` or brings them there (None: neither side is one).
#[inline(never)]
pub(crate) fn answer(socket: Option<c_int>, call: &mut dyn FnMut() -> Result<usize>) -> Answer {
    match Answer::from(call()) {
        Answer::Unsupported(errno) => judge(socket, errno, call),
        Answer::Failed(Errno::MSGSIZE) if limits_writes(socket) => {
            Answer::Unsupported(Errno::MSGSIZE)
        }
        answer => answer,
    }
}

/// Whether a write to `socket` may be refused for its length alone: one larger than the send buffer is
/// EMSGSIZE on SCTP (docs/kernel.md, "Some sockets take less than SO_SNDBUF says").
#[cold]
#[inline(never)]
pub(crate) fn limits_writes(socket: Option<c_int>) -> bool {
    socket.is_some_and(|socket| {
        sys::getsockopt_int(socket, libc::SO_PROTOCOL) == Ok(libc::IPPROTO_SCTP)
    })
}

/// Judges `errno`, which looks like a refusal, by what the call comes to once more. `again` is made only if
/// the connection is over, so that it cannot wait.
#[cold]
#[inline(never)]
fn judge(socket: Option<c_int>, errno: Errno, again: &mut dyn FnMut() -> Result<usize>) -> Answer {
    // The kernel says this of what it cannot splice.
    if errno == Errno::NOT_MADE {
        return Answer::Unsupported(Errno::INVAL);
    }
    let Some(socket) = socket else { return Answer::Unsupported(errno) };
    // Without poll(2) (a sandbox) the call has to tell.
    if readiness::revents(socket, 0).is_ok_and(|revents| revents & libc::POLLHUP == 0) {
        return match lives_on_after(socket, errno) {
            true => Answer::Failed(errno),
            false => Answer::Unsupported(errno),
        };
    }
    match Answer::from(sigpipe::without_if(true, again)) {
        Answer::Zero | Answer::Failed(Errno::PIPE) => Answer::Failed(errno),
        answer => answer,
    }
}

/// Whether `errno` says that a call is not available, so that another one has to do the same. `again` is that
/// call in a form that moves nothing.
#[inline(never)]
pub(crate) fn is_one(
    socket: Option<c_int>,
    errno: Errno,
    again: &mut dyn FnMut() -> Result<usize>,
) -> bool {
    errno.is_no_answer() && !matches!(judge(socket, errno, again), Answer::Failed(_))
}

/// Whether a connection that is not over has reported `errno`: with IP_RECVERR (ip(7)) it reports what ICMP
/// says, and lives on. A call on no descriptors shows whether it was a sandbox.
fn lives_on_after(socket: c_int, errno: Errno) -> bool {
    let reports =
        |level, option| sys::getsockopt_int_at(socket, level, option).is_ok_and(|value| value != 0);
    let nowhere = || sys::splice(FdAt::own(-1), FdAt::own(-1), 1, 0).count();
    !errno.is_unavailable()
        && (reports(libc::IPPROTO_IP, libc::IP_RECVERR)
            || reports(libc::IPPROTO_IPV6, libc::IPV6_RECVERR))
        && nowhere() == Err(Errno::BADF)
}

#[cfg(test)]
mod tests {
    use super::super::script::Script;
    use super::*;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    const EACCES: Errno = Errno(libc::EACCES);

    /// What the kernel's answers to a call on a socket come to. `is_over`: its connection has ended.
    fn play(is_over: bool, answers: &[Result<usize>]) -> Answer {
        let (socket, peer) = UnixStream::pair().unwrap();
        let peer = (!is_over).then_some(peer);
        let mut script = Script::new(answers);
        let answer = answer(Some(socket.as_raw_fd()), &mut || script.next());
        script.assert_over();
        drop(peer);
        answer
    }

    #[test]
    fn other_answers_are_taken_at_the_first() {
        for is_over in [false, true] {
            assert_eq!(play(is_over, &[Ok(7)]), Answer::Moved(7));
            assert_eq!(play(is_over, &[Ok(0)]), Answer::Zero);
            assert_eq!(play(is_over, &[Err(Errno::AGAIN)]), Answer::WouldBlock);
            assert_eq!(play(is_over, &[Err(Errno::CONNRESET)]), Answer::Failed(Errno::CONNRESET));
        }
    }

    #[test]
    fn a_connection_that_goes_on_has_refused() {
        assert_eq!(play(false, &[Err(EACCES)]), Answer::Unsupported(EACCES));
    }

    #[test]
    fn one_that_is_over_has_refused_if_it_does_so_again() {
        assert_eq!(play(true, &[Err(EACCES); 2]), Answer::Unsupported(EACCES));
    }

    #[test]
    fn one_that_ends_after_an_error_has_died_of_it() {
        assert_eq!(play(true, &[Err(EACCES), Ok(0)]), Answer::Failed(EACCES));
        assert_eq!(
            play(true, &[Err(Errno::INVAL), Err(Errno::PIPE)]),
            Answer::Failed(Errno::INVAL)
        );
    }

    #[test]
    fn a_call_that_was_not_made_is_a_refusal_whatever_follows() {
        let refused = Answer::Unsupported(Errno::INVAL);
        assert_eq!(play(true, &[Err(Errno::NOT_MADE)]), refused);
        assert_eq!(answer(None, &mut || Err(Errno::NOT_MADE)), refused);
    }

    #[test]
    fn bytes_and_another_error_come_before_a_refusal() {
        assert_eq!(play(true, &[Err(EACCES), Ok(3)]), Answer::Moved(3));
        assert_eq!(play(true, &[Err(EACCES), Err(Errno::IO)]), Answer::Failed(Errno::IO));
    }

    #[test]
    fn what_is_no_socket_is_believed() {
        let mut script = Script::new(&[Err(EACCES)]);
        assert_eq!(answer(None, &mut || script.next()), Answer::Unsupported(EACCES));
    }
}
