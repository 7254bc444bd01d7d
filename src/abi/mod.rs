//! What zsplice.h declares: one file per section of the header, in its order (build.rs).
//!
//! Here C's pointers become values and outcomes become counts and errno; nothing is decided.
//! What a function asks of its pointers is said in the words printed into the header: an offset or a
//! result is NULL, or room for one that nobody else uses until the function returns.

#![allow(clippy::missing_safety_doc)]

mod about;
mod bridge;
mod call;
mod copy;
mod fanout;
mod full;
mod options;
mod relay;
mod retry;
mod types;

pub use about::*;
pub use bridge::*;
pub use call::*;
pub use copy::*;
pub use fanout::*;
pub use full::*;
pub use options::*;
pub use relay::*;
pub use retry::*;
pub use types::*;
