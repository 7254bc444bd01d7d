// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that fail, for tests/again.rs, which has made a folder for each run.

use std::path::PathBuf;
use std::{env, fs};

/// How often this test has been begun.
fn count(name: &str) -> usize {
    let file = PathBuf::from(env::var_os("ZS_TEST_AGAIN").unwrap()).join(name);
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(&file, format!("{before}x")).unwrap();
    before.len() + 1
}

#[test]
fn one_fails_once() {
    assert_eq!(count("one"), 2);
}

#[test]
fn two_fails_once() {
    assert_eq!(count("two"), 2);
}

#[test]
fn three_fails_once() {
    assert_eq!(count("three"), 2);
}

#[test]
fn four_fails_once() {
    assert_eq!(count("four"), 2);
}

#[test]
fn fails_always() {
    panic!("{}", count("always"));
}

#[test]
fn passes() {
    assert_eq!(count("passes"), 1);
}
