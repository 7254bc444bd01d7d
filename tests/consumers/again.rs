// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that fail, for tests/again.rs, which runs them in a folder of their own.

use std::fs;

/// How often this test has been begun.
fn count(name: &str) -> usize {
    let before = fs::read_to_string(name).unwrap_or_default();
    fs::write(name, format!("{before}x")).unwrap();
    before.len() + 1
}

#[test]
fn one_fails_once() {
    assert!(count("one") > 1);
}

#[test]
fn two_fails_once() {
    assert!(count("two") > 1);
}

#[test]
fn three_fails_once() {
    assert!(count("three") > 1);
}

#[test]
fn four_fails_once() {
    assert!(count("four") > 1);
}

#[test]
fn fails_always() {
    panic!("{}", count("always"));
}

#[test]
fn dies() {
    std::process::abort();
}

#[test]
fn passes() {
    count("passes");
}
