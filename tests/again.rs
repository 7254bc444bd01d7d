// SPDX-License-Identifier: MIT OR Apache-2.0

//! tests/again.sh, which runs once more what has failed, over the tests of tests/consumers/again.rs.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use support::{output, root, succeed, told, Scratch};

/// What cargo would have compiled.
static TESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("again");
    let source = root().join("tests/consumers/again.rs");
    let mut command = Command::new("rustc");
    succeed(command.args(["--edition=2021", "--test", "-o"]).args([&program, &source]));
    program
});

/// The script over the tests that these words select, as it is over `cargo test`.
fn again(words: &str) -> (Output, Scratch) {
    const CARGO: &str = "#!/bin/sh\n\
        test \"$1\" = --no-fail-fast && shift\n\
        if test \"$1\" = --; then shift; else set -- $WORDS; fi\n\
        exec \"$PROGRAM\" \"$@\"\n";
    let scratch = Scratch::new();
    let cargo = scratch.write("cargo", CARGO);
    let mut command = Command::new(root().join("tests/again.sh"));
    command.arg("sh").arg(cargo).env("WORDS", words).env("ZS_TEST_AGAIN", scratch.path());
    (output(command.env("PROGRAM", TESTS.as_path())), scratch)
}

/// How often a test of these was begun.
fn begun(scratch: &Scratch, name: &str) -> usize {
    fs::read(scratch.path().join(name)).map_or(0, |text| text.len())
}

#[test]
fn what_passes_is_run_once() {
    let (output, scratch) = again("passes");
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(begun(&scratch, "passes"), 1);
}

#[test]
fn what_failed_is_run_again_and_told() {
    let (output, scratch) = again("one two three passes");
    let text = told(&output);
    assert!(output.status.success(), "{text}");
    for name in ["one", "two", "three"] {
        assert_eq!(begun(&scratch, name), 2);
        assert!(text.contains(&format!("failed at first: {name}_fails_once\n")), "{text}");
    }
    assert_eq!(begun(&scratch, "passes"), 1);
    assert!(
        text.trim_end().lines().last().unwrap().starts_with("test result: ok. 3 passed"),
        "{text}"
    );
}

#[test]
fn what_fails_again_has_failed() {
    let (output, scratch) = again("always one");
    assert_ne!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!((begun(&scratch, "always"), begun(&scratch, "one")), (2, 2));
}

#[test]
fn more_than_three_failures_are_no_accident() {
    let (output, scratch) = again("one two three four");
    assert_ne!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(begun(&scratch, "one"), 1);
}

/// A failure that is none of a test, like a compiler's.
#[test]
fn other_failures_are_final() {
    let (output, _scratch) = again("--no-such-option");
    assert_ne!(output.status.code(), Some(0), "{}", told(&output));
}
