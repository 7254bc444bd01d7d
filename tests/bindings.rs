// SPDX-License-Identifier: MIT OR Apache-2.0

//! The library as other languages load it, through a plain foreign function interface.

mod support;

use std::process::Command;
use support::{built, have, note, output, root, skip, succeed, told};

#[test]
fn python_calls_it() {
    if have("python3") {
        let script = root().join("tests/consumers/bindings.py");
        let library = built().join("libzsplice.so");
        succeed(Command::new("python3").arg(script).arg(library).arg(env!("CARGO_PKG_VERSION")));
    }
}

/// The first Python that has pytest: one that stands before the system's need not.
fn python_with_pytest() -> Option<&'static str> {
    let has_pytest = |python: &&str| {
        Command::new(python)
            .args(["-c", "import pytest"])
            .output()
            .is_ok_and(|o| o.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_pytest)
}

/// The tests of bindings/python.
#[test]
fn python_package() {
    let Some(python) = python_with_pytest() else {
        return skip("no Python has pytest (Debian: python3-pytest)");
    };
    let mut pytest = Command::new("timeout");
    pytest.args(["600", python, "-B", "-m", "pytest", "-q", "-rs", "--tb=short"]);
    pytest.env("ZSPLICE_LIBRARY", built().join("libzsplice.so.0"));
    let output = output(pytest.current_dir(root().join("bindings/python")));
    let told = told(&output);
    assert!(output.status.success(), "{told}");
    // pytest names what it has skipped, and why.
    told.lines().filter(|line| line.starts_with("SKIPPED")).for_each(note);
}
