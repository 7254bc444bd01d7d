//! include/zsplice.h: printed from the sources as they are, and good in every C and C++.

mod support;

use std::process::Command;
use support::{have, output, root, told, Scratch};

const C: [&str; 5] = ["c89", "c99", "c11", "c17", "c2x"];
const CPP: [&str; 6] = ["c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"];
const STRICT: [&str; 6] =
    ["-Wall", "-Wextra", "-pedantic-errors", "-Wconversion", "-Wundef", "-Werror"];

#[cfg(feature = "header")]
#[test]
fn is_what_the_sources_say() {
    let printed = include_str!(concat!(env!("OUT_DIR"), "/zsplice.h"));
    let same = support::read("include/zsplice.h") == printed;
    assert!(same, "include/zsplice.h is stale: make header");
}

#[test]
fn compiles_with_gcc() {
    compiles_with("gcc");
}

#[test]
fn compiles_with_clang() {
    compiles_with("clang");
}

/// The header twice, with nothing before it, and what is frozen in it: tests/consumers/header.c.
fn compiles_with(compiler: &str) {
    if !have(compiler) {
        return;
    }
    let c = C.map(|standard| faults(compiler, &["-x", "c", "-Wstrict-prototypes"], standard));
    let cpp = CPP.map(|standard| faults(compiler, &["-x", "c++"], standard));
    let faults = c.concat() + &cpp.concat();
    assert!(faults.is_empty(), "{faults}");
}

/// What the compiler has to say, which ought to be nothing.
fn faults(compiler: &str, language: &[&str], standard: &str) -> String {
    let scratch = Scratch::new();
    let mut command = Command::new(compiler);
    command.args(language).arg(format!("-std={standard}")).args(STRICT);
    command.arg("-I").arg(root().join("include")).arg("-c").arg("-o").arg(scratch.path().join("o"));
    let output = output(command.arg(root().join("tests/consumers/header.c")));
    let (said, failed) = (told(&output), !output.status.success());
    if failed || !said.is_empty() {
        format!("{standard}: {said}\n")
    } else {
        String::new()
    }
}
