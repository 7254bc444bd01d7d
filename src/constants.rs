// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every number of zsplice.h, once, and the names of the mechanisms. build.rs prints the numbers into the
//! header; abi and engine use them as they are. A constant's comment has to fit on its line there.

use libc::c_int;

/// A length: until the input ends.
pub const ZS_TO_END: u64 = u64::MAX;

/// FICLONE or FICLONERANGE: the blocks are shared.
pub const ZS_VIA_CLONE: u32 = 0x01;
/// copy_file_range(2).
pub const ZS_VIA_COPY_RANGE: u32 = 0x02;
/// sendfile(2).
pub const ZS_VIA_SENDFILE: u32 = 0x04;
/// splice(2).
pub const ZS_VIA_SPLICE: u32 = 0x08;
/// tee(2).
pub const ZS_VIA_TEE: u32 = 0x10;
/// read(2) and write(2), through user memory.
pub const ZS_VIA_READ_WRITE: u32 = 0x20;

/// Reading the input failed.
pub const ZS_SIDE_IN: u32 = 1;
/// Writing the output failed.
pub const ZS_SIDE_OUT: u32 = 2;
/// The arguments, a timeout, a cancel, or the library's own resources.
pub const ZS_SIDE_CALL: u32 = 3;

/// Fail with EINTR if a signal arrives during a wait.
pub const ZS_INTERRUPT: u32 = 0x0002;
/// EPIPE without SIGPIPE; one that is pending already stays.
pub const ZS_NOSIGPIPE: u32 = 0x0004;
/// More follows at once: let a socket hold the last packet.
pub const ZS_MORE: u32 = 0x0008;
/// Never hand on pages of a file that may still change.
pub const ZS_STABLE: u32 = 0x0010;
/// Share blocks or fail: cp --reflink=always.
pub const ZS_CLONE: u32 = 0x0040;
/// Never share blocks: cp --reflink=never.
pub const ZS_NO_CLONE: u32 = 0x0080;
/// Write holes as zeroes.
pub const ZS_FILL_HOLES: u32 = 0x0100;
/// `cancel_fd` is set.
pub const ZS_CANCEL_FD: u32 = 0x0200;
/// zs_fanout: go on without an output that failed.
pub const ZS_DROP_FAILED: u32 = 0x0400;
/// Enlarge the caller's pipe, up to 1 MiB: several times faster.
pub const ZS_GROW_PIPE: u32 = 0x0800;
/// zs_bridge: return once either direction has ended.
pub const ZS_EITHER_END: u32 = 0x1000;

/// Wait until fd_in is readable.
pub const ZS_WANT_READ: c_int = 1;
/// Wait until fd_out is writable.
pub const ZS_WANT_WRITE: c_int = 2;
/// The budget is used up: call again, there is nothing to wait for.
pub const ZS_WANT_RUN: c_int = 4;

/// It is not known what was reported, as before the first run.
pub const ZS_EVENTS_ALL: u32 = u32::MAX;

/// Pass the end of the input on: shutdown(fd_out, SHUT_WR).
pub const ZS_RELAY_SHUTDOWN: u32 = 0x10000;
/// Level-triggered poller: skip reads that only see EAGAIN.
pub const ZS_RELAY_LEVEL: u32 = 0x20000;

/// The names of the mechanisms in the order of their bits, each with a 0 behind it. (One text: the pointers of a
/// table would have to be relocated whenever the library is loaded.)
const VIA_NAMES: &[u8] = b"clone\0copy_file_range\0sendfile\0splice\0tee\0read/write\0";

/// Where each of them begins, and where the last one is over.
const VIA_STARTS: [u8; 7] = [0, 6, 22, 31, 38, 42, 53];

/// The name of a mechanism, one bit of ZS_VIA_*; a 0 follows it.
pub(crate) fn via_name(via: u32) -> Option<&'static [u8]> {
    let place = usize::try_from(via.trailing_zeros()).ok().filter(|_| via.is_power_of_two())?;
    let [start, next] = VIA_STARTS.get(place..)?.first_chunk()?;
    VIA_NAMES.get(usize::from(*start)..usize::from(*next).wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mechanism_has_its_name() {
        let name = |via| via_name(via).map(|name| core::str::from_utf8(name).unwrap());
        let known = [ZS_VIA_CLONE, ZS_VIA_COPY_RANGE, ZS_VIA_SENDFILE, ZS_VIA_SPLICE, ZS_VIA_TEE];
        let names = ["clone", "copy_file_range", "sendfile", "splice", "tee"];
        assert_eq!(known.map(name), names.map(Some));
        assert_eq!(name(ZS_VIA_READ_WRITE), Some("read/write"));
        assert_eq!([0, 3, 0x40, u32::MAX, 1 << 31].map(name), [None; 5]);
    }
}
