// SPDX-License-Identifier: MIT OR Apache-2.0

//! zsplice moves bytes between descriptors inside the Linux kernel, and accounts for every byte. It
//! is a C library with the interface `include/zsplice.h`.
//!
//! ```text
//!        C program
//!            |  zsplice.h
//!    +-------v-------+   pointers become references, outcomes become a count and errno;
//!    |      abi      |   no loop, no system call, no policy
//!    +---+-------+---+
//!        |       |
//!    +---v----+  |       loops, waits, retries and fallbacks; src/engine/mod.rs draws its floors;
//!    | engine |  |       no unsafe code, no raw pointer
//!    +---+----+  |
//!        |       |
//!    +---v----+  |       what the library allocates: memory, buffers and pipes
//!    |  mem   |  |
//!    +---+----+  |
//!        |       |
//!    +---v-------v---+   one function per system call, with the kernel's name, order and
//!    |      sys      |   meaning; no loop, no retry, no policy
//!    +-------+-------+
//!            |
//!    errno, constants    errno as a value, and the ZS_* numbers
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
compile_error!("zsplice needs system calls that only Linux has");

// Registers have 64 bits there and longs 32: the calls with 64-bit arguments would be wrong.
#[cfg(all(target_arch = "x86_64", target_pointer_width = "32"))]
compile_error!("zsplice does not support the x32 ABI");

// Builds that unwind (dev, test) need the panic runtime of the standard library; the installed
// library aborts, and contains none.
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

/// The language requires it. It is not linked in, since nothing can panic (tests/symbols.rs).
#[cfg(panic = "abort")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// The unwind tables of libcore refer to the personality routine, and if it were undefined
/// dlopen(3) would fail. Nothing ever unwinds and calls it. So it is null, and also weak and hidden
/// where Rust 1.85 knows the assembler; elsewhere it is a function, which the Makefile makes local.
#[cfg(panic = "abort")]
mod personality {
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "arm",
        target_arch = "loongarch64",
        target_arch = "riscv32",
        target_arch = "riscv64",
        target_arch = "s390x"
    ))]
    core::arch::global_asm!(
        ".weak rust_eh_personality",
        ".hidden rust_eh_personality",
        ".set rust_eh_personality, 0"
    );
    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "x86",
        target_arch = "aarch64",
        target_arch = "arm",
        target_arch = "loongarch64",
        target_arch = "riscv32",
        target_arch = "riscv64",
        target_arch = "s390x"
    )))]
    #[no_mangle]
    extern "C" fn rust_eh_personality() {}
}
