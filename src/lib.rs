//! zsplice moves bytes between descriptors inside the Linux kernel: completely, with every byte
//! accounted for. It is a C library; `include/zsplice.h` is its interface.
//!
//! ```text
//!       C program
//!          |  zsplice.h
//!    +-----v------+   pointers become values, outcomes become a count and errno
//!    |    abi     |   no loop, no system call of its own, no policy
//!    +--+------+--+
//!       |      |
//!    +--v----+ |      loops, waits, retries
//!    | engine| |      no unsafe code, no raw pointer
//!    +--+----+ |
//!    +--v------v--+   one call each: the kernel's name, order and meaning
//!    |    sys     |   no loop, no retry, no policy
//!    +-----+------+
//!       errno.rs      below everything
//! ```
//!
//! A layer names only layers below it (tests/layers.rs).

#![no_std]
#![deny(
    missing_docs,
    unsafe_op_in_unsafe_fn,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects))]

#[cfg(not(target_os = "linux"))]
compile_error!("zsplice is about system calls that only Linux has");

// Builds that unwind (dev, test) need the standard library's panic runtime; what is installed
// aborts, and brings none.
#[cfg(test)]
extern crate std;
#[cfg(not(any(test, panic = "abort")))]
extern crate std as _;

mod abi;
mod constants;
mod engine;
mod errno;
mod mem;
mod sys;

pub use abi::*;
pub use constants::*;

/// Never linked in: nothing here can panic (tests/symbols.rs), but the language wants to be told.
#[cfg(panic = "abort")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

// libcore's unwind tables name the personality routine. Left undefined the link would succeed and
// dlopen(3) fail, so it is there, null, weak and hidden: nothing unwinds to ask for it.
#[cfg(panic = "abort")]
core::arch::global_asm!(
    ".weak rust_eh_personality",
    ".hidden rust_eh_personality",
    ".set rust_eh_personality, 0"
);
