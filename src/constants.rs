// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every number of zsplice.h, once, and the names of the mechanisms. build.rs prints the numbers into the
//! header; abi and engine use them as they are. A constant's comment has to fit on its line there.

use core::ffi::CStr;
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

/// The name of a mechanism, one bit of ZS_VIA_*.
pub(crate) const fn via_name(via: u32) -> Option<&'static CStr> {
    Some(match via {
        ZS_VIA_CLONE => c"clone",
        ZS_VIA_COPY_RANGE => c"copy_file_range",
        ZS_VIA_SENDFILE => c"sendfile",
        ZS_VIA_SPLICE => c"splice",
        ZS_VIA_TEE => c"tee",
        ZS_VIA_READ_WRITE => c"read/write",
        _ => return None,
    })
}
