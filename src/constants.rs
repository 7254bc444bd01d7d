// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every number of zsplice.h, once. cbindgen prints this file into the header (build.rs), the abi and
//! the engines use it as it is.

use libc::c_int;

/// A length: until the input ends.
pub const ZS_TO_END: u64 = u64::MAX;

/// FICLONE, FICLONERANGE: the blocks are shared (ioctl_ficlone(2)).
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
/// The arguments failed, the timeout, the cancel, or our own resources.
pub const ZS_SIDE_CALL: u32 = 3;

/// EINTR when a signal arrives while it waits (best effort: a signal between two waits goes unseen;
/// cancel_fd and progress do not). Without it, carry on.
pub const ZS_INTERRUPT: u32 = 0x0002;
/// EPIPE without the signal; a SIGPIPE that is pending already stays.
pub const ZS_NOSIGPIPE: u32 = 0x0004;
/// More will follow at once: let a socket hold the last packet.
pub const ZS_MORE: u32 = 0x0008;
/// The output gets the bytes as they are when taken: never hand on pages of a file that may still
/// change.
pub const ZS_STABLE: u32 = 0x0010;
/// Share every block that lies whole in both ranges and copy the edges (all, where there is no whole
/// block), or be refused with the kernel's error (EINVAL where the ranges are not aligned alike) and
/// nothing written: cp --reflink=always.
pub const ZS_CLONE: u32 = 0x0040;
/// Never share extents: cp --reflink=never. No copy_file_range(2), which may share unseen.
pub const ZS_NO_CLONE: u32 = 0x0080;
/// Write holes out as zeroes.
pub const ZS_FILL_HOLES: u32 = 0x0100;
/// cancel_fd counts.
pub const ZS_CANCEL_FD: u32 = 0x0200;
/// zs_fanout: go on without an output that failed.
pub const ZS_DROP_FAILED: u32 = 0x0400;
/// Let a pipe of the caller's grow, to 1 MiB at most: several times faster, and its other users
/// notice nothing but the room.
pub const ZS_GROW_PIPE: u32 = 0x0800;
/// zs_bridge: done when either direction has ended.
pub const ZS_EITHER_END: u32 = 0x1000;

/// Wait until fd_in is readable.
pub const ZS_WANT_READ: c_int = 1;
/// Wait until fd_out is writable.
pub const ZS_WANT_WRITE: c_int = 2;
/// The budget is used up: call again, there is nothing to wait for.
pub const ZS_WANT_RUN: c_int = 4;

/// Pass the end of the input on: shutdown(fd_out, SHUT_WR).
pub const ZS_RELAY_SHUTDOWN: u32 = 0x10000;
/// The caller's poller is level-triggered: spare the read that only proves that an input is drained.
pub const ZS_RELAY_LEVEL: u32 = 0x20000;
