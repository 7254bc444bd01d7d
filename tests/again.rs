// SPDX-License-Identifier: MIT OR Apache-2.0

//! tests/again.sh, which runs once more what has failed, over the tests of tests/consumers/again.rs.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use support::{output, root, succeed, told, Scratch};

/// What `cargo test` ends with when a test has failed.
const FAILED: Option<i32> = Some(101);

/// What cargo would have compiled.
static TESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let (scratch, source) = (Scratch::new(), root().join("tests/consumers/again.rs"));
    let (complete, program) =
        (scratch.path().join("again"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("again"));
    let mut rustc = Command::new("rustc");
    succeed(rustc.args(["--edition=2021", "--test", "-o"]).args([&complete, &source]));
    // Another run of the tests may be running the old one.
    fs::rename(complete, &program).unwrap();
    program
});

/// The script over two programs of tests, as it is over `cargo test`: in the first run these words select the
/// tests of each.
fn again(first: &str, second: &str) -> (Output, Scratch) {
    again_with(first, second, "")
}

/// The same; if there are words for the second run, they stand for what the script names.
fn again_with(first: &str, second: &str, again: &str) -> (Output, Scratch) {
    const CARGO: &str = "#!/bin/sh\n\
        printf '%s\\n' \"$LC_ALL\" > language\n\
        test \"$1\" = --no-fail-fast && shift\n\
        status=0\n\
        for words in \"$FIRST\" \"$SECOND\"; do\n\
        test \"$1\" = -- && words=${AGAIN:-${*#--}}\n\
        \"$TESTS\" $words || status=101\n\
        done\n\
        exit $status\n";
    let scratch = Scratch::new();
    let cargo = scratch.write("cargo", CARGO);
    let mut command = Command::new(root().join("tests/again.sh"));
    command.arg("sh").arg(cargo).env("FIRST", first).env("SECOND", second).env("AGAIN", again);
    command.env("TESTS", TESTS.as_path());
    (output(command.env("LC_ALL", "C.UTF-8").current_dir(scratch.path())), scratch)
}

/// What it has written, as no list of libtest's: the script may be reading this test's own output.
fn quoted(output: &Output) -> String {
    told(output).lines().map(|line| format!("| {line}\n")).collect()
}

/// How often a test of these was begun.
fn begun(scratch: &Scratch, name: &str) -> usize {
    fs::read(scratch.path().join(name)).map_or(0, |text| text.len())
}

#[test]
fn what_passes_is_run_once() {
    let (output, scratch) = again("passes", "nothing");
    assert!(output.status.success(), "{}", quoted(&output));
    assert_eq!(begun(&scratch, "passes"), 1);
}

#[test]
fn what_failed_is_run_again_and_told() {
    let (output, scratch) = again("one two passes", "three");
    let text = quoted(&output);
    assert!(output.status.success(), "{text}");
    for name in ["one", "two", "three"] {
        // Once more in each program, since both have a test of this name.
        assert_eq!(begun(&scratch, name), 3, "{text}");
        assert!(text.contains(&format!("| failed at first: {name}_fails_once\n")), "{text}");
    }
    assert_eq!(begun(&scratch, "passes"), 1);
    assert!(text
        .lines()
        .rfind(|line| line.len() > 2)
        .unwrap()
        .starts_with("| test result: ok. 3 passed"));
}

#[test]
fn what_fails_again_has_failed() {
    let (output, scratch) = again("always one", "nothing");
    assert_eq!(output.status.code(), FAILED, "{}", quoted(&output));
    assert!(begun(&scratch, "always") > 1);
}

#[test]
fn what_is_not_run_again_has_failed() {
    let (output, scratch) = again_with("one", "nothing", "four_of_them");
    assert_ne!(output.status.code(), Some(0), "{}", quoted(&output));
    assert_eq!(begun(&scratch, "one"), 1);
}

#[test]
fn more_than_three_failures_are_no_accident() {
    let (output, scratch) = again("one two", "three four");
    assert_eq!(output.status.code(), FAILED, "{}", quoted(&output));
    assert_eq!(begun(&scratch, "one"), 1);
}

/// A program that dies has left tests out, and says not even which failed.
#[test]
fn program_that_dies_is_no_accident() {
    for (first, second) in [("one", "dies"), ("dies", "one"), ("dies", "passes")] {
        let (output, scratch) = again(first, second);
        assert_eq!(output.status.code(), FAILED, "{}", quoted(&output));
        assert!(begun(&scratch, "one") <= 1);
    }
}

/// A failure that is none of a test, like a compiler's.
#[test]
fn other_failures_are_final() {
    let (output, _scratch) = again("--no-such-option", "nothing");
    assert_eq!(output.status.code(), FAILED, "{}", quoted(&output));
}

#[test]
fn tests_have_the_language_of_the_caller() {
    let (_output, scratch) = again("nothing", "nothing");
    assert_eq!(fs::read_to_string(scratch.path().join("language")).unwrap(), "C.UTF-8\n");
}
