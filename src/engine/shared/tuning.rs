// SPDX-License-Identifier: MIT OR Apache-2.0

//! Every size, threshold and count that speed depends on, with what was measured. The figures are
//! ratios of medians on Linux 6.18, two cores; `bench/run SECTION` shows the rows that a change moves.
//! (Unit tests have pieces of two bytes, so that they get to every state: src/engine/relay/model.)

use core::ffi::c_int;

// Steps: how much one system call is asked for.

/// The longest step of a transfer with nothing to watch. Whole blocks, so that a step into a file
/// that shares extents ends on a block; and no count overflows 32 bits on the way (docs/kernel.md,
/// "FUSE counts in 32 bits"). `copy`: file to file.
pub(crate) const STEP_MAX: usize = 1 << 30;
/// The longest step of one with a deadline, a cancel descriptor or a progress function: 4 MiB take
/// milliseconds.
pub(crate) const STEP_WATCHED: usize = 4 << 20;
/// The longest step of such a transfer over a hole, which costs next to nothing to punch. `copy`:
/// sparse.
pub(crate) const HOLE_STEP_WATCHED: u64 = 16 << 20;
/// The most that one call moves: MAX_RW_COUNT, INT_MAX in whole pages (docs/kernel.md, "A call moves at
/// most 0x7ffff000 bytes"). A length beyond SSIZE_MAX is EINVAL.
pub(crate) const CALL_MAX: usize = 0x7fff_f000;

/// A hole behind the end of the output that is shorter is not punched: xfs allocates 64 KiB there
/// (docs/kernel.md, "xfs preallocates behind the end"), and punching costs more than that. `copy`: sparse.
pub(crate) const HOLE_WORTH_PUNCHING: i64 = 64 << 10;
/// With more data than this, an output that ends with a hole is extended by a written zero whose block is
/// then punched: fallocate(2) makes xfs write all of the data first (.1 to .8 s after 120 MB, punching less
/// than .02 s). With less it is the other way round: btrfs writes the block before it punches it, 1 ms where
/// fallocate(2) takes .1. `copy`: extents.
pub(crate) const HOLE_FLUSHED: u64 = 4 << 20;

// Through user memory.

/// Files up to here are copied by pread(2) and pwrite(2): copy_file_range(2) reaches .87 to .92 of
/// that for 4 KiB on ext4, 1.10 for 8 KiB. (Up to a page they need no buffer: src/engine/copy/small.rs.)
/// `copy`: small files.
pub(crate) const READ_WRITE_FILE: u64 = 8 << 10;
/// A piece that is copied rather than spliced through a private pipe: below this a buffer wins (.4 of
/// pread and pwrite at 4 KiB). An input that fills it at once is bulk. `relay`: small messages;
/// `stream`.
pub(crate) const SMALL_PIECE: usize = if cfg!(test) { 2 } else { 16 << 10 };
/// The largest buffer: read/write with 256 KiB is 1.03 of 128 KiB into ext4, and a fresh file of ext4 or
/// xfs takes pieces of 1 MiB up to six times slower (docs/kernel.md, "Large pieces into fresh files are
/// slow"). `copy`; `fanout`.
pub(crate) const BUFFER: usize = 256 << 10;
/// The buffer for a file that flushes each write (O_DSYNC, O_SYNC), where a flush costs more than anything
/// else: 1 MiB takes .32 of the time of 256 KiB on ext4, .45 on xfs. `copy`: O_DSYNC.
pub(crate) const BUFFER_FLUSHED: usize = 1 << 20;
/// For an input whose size says nothing: larger than most files of procfs, and quickly made.
pub(crate) const BUFFER_UNSIZED: usize = 64 << 10;
/// The largest block that O_DIRECT asks for, as a rule: a buffer holds one more than the file, so that
/// one read shows both its last byte and its end.
pub(crate) const DIRECT_BLOCK: usize = 4 << 10;

// Pipes.

/// The capacity of a pipe for bulk data, and what ZS_GROW_PIPE grows the caller's to: the kernel's limit
/// for ordinary users (/proc/sys/fs/pipe-max-size, pipe(7)). Splicing through 1 MiB is 2.7 of
/// read/write with 64 KiB from TCP to TCP, 16 times from pipe to pipe. `relay`, `stream`.
pub(crate) const PIPE: c_int = 1 << 20;
/// The capacity of the pipe between two descriptors that are none: files take no larger pieces well
/// (see BUFFER). `copy`: ext4, xfs.
pub(crate) const PIPE_TO_FILE: usize = 256 << 10;
/// Less than this is copied faster than a pipe is made: .6 at 16 KiB, 1.1 at 64 KiB. A pipe that
/// holds less is not used (docs/kernel.md, "The quota for pipes"), and for less the caller's pipe is not
/// grown. `stream`.
pub(crate) const WORTH_A_PIPE: usize = 64 << 10;
/// Requests for a pipe that are refused after one has failed (EMFILE, a spent quota): a try is five
/// system calls.
pub(crate) const PIPE_BACKOFF: u32 = 64;
/// The most idle pipes that a pool has room for; no process has descriptors for more.
pub(crate) const POOL_MAX: usize = 1 << 16;

// Sharing blocks.

/// The largest block size of a file system that shares blocks (btrfs and xfs with 64 KiB pages).
pub(crate) const CLONE_BLOCK_MAX: i64 = 64 << 10;
/// A whole file that is smaller is not worth asking for a clone: copy_file_range(2) shares it just as
/// well, and does not need to know its position. `copy`: clone.
pub(crate) const CLONE_FILE: u64 = 128 << 10;

// Fan-out.

/// An input that gives this much at once has more, so tee(2) pays: with pipes of 64 KiB and less it
/// loses to read/write into files and connections. `fanout`.
pub(crate) const FANOUT_BULK: usize = 64 << 10;
/// The same if all outputs are pipes, which need no private pipes in between.
pub(crate) const FANOUT_BULK_TO_PIPES: usize = 16 << 10;
/// Enough to find out whether an input has ended.
pub(crate) const FANOUT_PROBE: usize = 4 << 10;
/// The most outputs that get a pipe of their own; for more, descriptors cost more than copies.
pub(crate) const FANOUT_PIPES: usize = 64;
/// The most outputs that all get the rest of a round after the deadline: so many pieces of 256 KiB are a step.
pub(crate) const FANOUT_LATE: usize = 16;
/// The capacity of all of those together, unless that would make each too small: a quarter of an
/// ordinary user's quota (pipe(7)).
pub(crate) const FANOUT_CAPACITY: usize = 16 << 20;

// Relay.

/// The most that one step takes, and the budget of a run that is given none. `relay`: bulk.
pub(crate) const RELAY_STEP: usize = 1 << 20;
/// A bulk input that gives less than this at once has gone back to small pieces. `relay`: mixed sizes.
pub(crate) const RELAY_TRICKLE: usize = if cfg!(test) { 2 } else { 4 << 10 };
/// The budget of a direction of zs_bridge to a blocking terminal, where every few bytes are a call.
pub(crate) const TERMINAL_BUDGET: u64 = 16 << 10;

// Waiting.

/// EAGAINs in a row to accept while poll(2) reports both sides ready. On a pipe another reader may have
/// won the race.
pub(crate) const DECLINES: u32 = 1000;
/// The same if the input is a socket, which has one reader: EAGAIN means urgent data there
/// (docs/kernel.md, "TCP urgent data stops splice(2)").
pub(crate) const DECLINES_OF_A_SOCKET: u32 = 2;
/// Steps to begin after the deadline until one moves bytes: more than there are mechanisms to refuse, and few
/// for what declines although poll(2) reports it ready.
pub(crate) const LATE_TRIES: u8 = 16;
/// The first back-off, in nanoseconds, for a descriptor that reports only POLLERR (docs/kernel.md, "POLLERR
/// may come from the error queue"). `idle`: CPU time.
pub(crate) const POLLERR_BACKOFF: i64 = 50_000;
/// The longest back-off.
pub(crate) const POLLERR_BACKOFF_MAX: i64 = 10_000_000;

// A rate (zs_options.rate).

/// The share of a second's bytes that may move at once. Half of it is a step: 200 in a second cost some tenths of
/// a percent of a processor. The other half is how late a step may come without loss, 5 ms; and as much less
/// than the rate, 1 %, is what moves in the long run.
pub(crate) const RATE_SHARE: u64 = 100;
/// A rate that nothing reaches, so that its nanoseconds fit 64 bits.
pub(crate) const RATE_MAX: u64 = 1 << 40;
/// The longest sleep, in nanoseconds, before an end of the input or a dead output is looked for.
pub(crate) const RATE_LOOK: i64 = 10_000_000;

// What a blocking output that poll(2) calls writable takes without blocking: docs/kernel.md, "poll(2)
// calls a socket writable before it takes much".

/// A socket is called writable with a third of its send buffer free (sock_writeable, TCP's
/// sk_stream_is_writeable): offer a quarter of SO_SNDBUF.
pub(crate) const SOCKET_SHARE: usize = 4;
/// A socket with less than this as that quarter is written with send(2): a page with one byte in it may be
/// charged with more than the whole buffer, and small pieces wait for one acknowledgment each (8 MiB through
/// 8 KiB: five times slower than read and send). A file is read and sent, too:
/// sendfile(2) took 4.9 s for those 8 MiB, read and send .77 s.
pub(crate) const SOCKET_LEAST: usize = 16 << 10;
/// What the packets that splice(2) makes of a full pipe may be charged beside their bytes, in an AF_UNIX
/// socket: one packet for 16 slots at least, some 800 bytes each.
pub(crate) const SOCKET_OVERHEAD: usize = 16 << 10;
/// A terminal takes pieces of 256 bytes (tty_buffer_alloc).
pub(crate) const TERMINAL_PIECE: usize = 256;
