// SPDX-License-Identifier: MIT OR Apache-2.0

//! The library as other languages load it, through a plain foreign function interface.

mod support;

use std::process::Command;
use support::{built, have, root, succeed};

#[test]
fn python_calls_it() {
    if have("python3") {
        let script = root().join("tests/consumers/bindings.py");
        let library = built().join("libzsplice.so");
        succeed(Command::new("python3").arg(script).arg(library).arg(env!("CARGO_PKG_VERSION")));
    }
}
